"""group-participants-demote: who made the group stays its admin."""

from waypost.operations.group_members import members_act

GROUP_PARTICIPANTS_DEMOTE = members_act("demote", "Make admins of a group plain members")
