"""group-participants-promote: queued, like all that changes a group."""

from waypost.operations.group_members import members_act

GROUP_PARTICIPANTS_PROMOTE = members_act("promote", "Make members of a group its admins")
