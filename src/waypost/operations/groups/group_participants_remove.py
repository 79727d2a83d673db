"""group-participants-remove: who was not in it is named with 404."""

from waypost.operations.group_members import members_act

GROUP_PARTICIPANTS_REMOVE = members_act("remove", "Remove people from a group")
