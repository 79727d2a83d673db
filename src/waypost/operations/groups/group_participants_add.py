"""group-participants-add: who does not let itself be added is named with 403."""

from waypost.operations.group_members import members_act

GROUP_PARTICIPANTS_ADD = members_act("add", "Add people to a group")
