# Made by `python -m scripts.api` from the operations.
"""Every call of the API, described; `Instance` and `Gateway` make them."""

from typing import Any, Literal

from waypost.client.describe import Read, Source, Write, part
from waypost.client.shapes import (
    BlockedView,
    CallChoice,
    ChatList,
    ContactFields,
    ContactsView,
    CreatedInstance,
    CreateGroupResult,
    DeleteMessageResult,
    DeliveryPage,
    DeliveryWithAttempts,
    Done,
    EditMessageResult,
    ExistsView,
    ForwardMessageResult,
    GroupFound,
    GroupPage,
    GroupPicture,
    GroupPictureResult,
    Health,
    InstanceView,
    InstanceWithCode,
    InstanceWithPairingCode,
    InviteLink,
    InviteResult,
    JoinGroupResult,
    LinkCallbacks,
    LinkMessages,
    MediaView,
    MembersResult,
    MessagePage,
    OneContactView,
    OtpCodeAnswer,
    OtpLinkAnswer,
    OtpValidatedAnswer,
    PacingOverrides,
    PictureView,
    PollFields,
    ProfilePictureResult,
    QueuedRequest,
    QueuedRequestPage,
    ReactToMessageResult,
    ReadChatResult,
    Redelivered,
    Removed,
    Revoked,
    SendContactCardResult,
    SendFileResult,
    SendImageResult,
    SendLocationResult,
    SendPollResult,
    SendSeenResult,
    SendStickerResult,
    SendTextResult,
    SendVideoResult,
    SendVoiceResult,
    StartTypingResult,
    StopTypingResult,
    Success,
    TokenView,
    Tried,
    WebhookView,
)


def send_voice(
    chat_id: str,
    source: Source,
    *,
    caption: str | None = None,
    view_once: bool | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
) -> Write[SendVoiceResult]:
    """Send any audio as a voice note.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    caption: Delivered as a text right after the note, quoting it.
    view_once: Whether it can be listened to only once.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the caption names them, as @<number>.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="POST",
        path="/send-voice",
        result=SendVoiceResult,
        fields={
            "chatId": chat_id,
            "caption": caption,
            "view_once": view_once,
            "reply_to": reply_to,
            "mentions": mentions,
        },
        source=source,
    )


def send_text(
    chat_id: str,
    text: str,
    *,
    link_preview: bool | None = None,
    link_preview_high_quality: bool | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
) -> Write[SendTextResult]:
    """Send a text.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    text: The text.
    link_preview: Whether the page behind the first link is fetched, and shown below the text.
    link_preview_high_quality: The same, with the picture of that page as wide as the chat.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the text names them; it holds @<number> for each.
    """
    return Write(
        method="POST",
        path="/send-text",
        result=SendTextResult,
        fields={
            "chatId": chat_id,
            "text": text,
            "link_preview": link_preview,
            "link_preview_high_quality": link_preview_high_quality,
            "reply_to": reply_to,
            "mentions": mentions,
        },
    )


def send_text_safe(
    chat_id: str,
    text: str,
    *,
    link_preview: bool | None = None,
    link_preview_high_quality: bool | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
) -> Write[SendTextResult]:
    """Read the chat, type for a while, and send a text.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    text: The text.
    link_preview: Whether the page behind the first link is fetched, and shown below the text.
    link_preview_high_quality: The same, with the picture of that page as wide as the chat.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the text names them; it holds @<number> for each.
    """
    return Write(
        method="POST",
        path="/send-text-safe",
        result=SendTextResult,
        fields={
            "chatId": chat_id,
            "text": text,
            "link_preview": link_preview,
            "link_preview_high_quality": link_preview_high_quality,
            "reply_to": reply_to,
            "mentions": mentions,
        },
    )


def send_link_custom_preview(
    chat_id: str,
    text: str,
    preview_title: str,
    preview_description: str,
    preview_url: str,
    *,
    high_quality: bool | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
    source: Source | None = None,
) -> Write[SendTextResult]:
    """Send a text with a link preview of your own.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    text: The text; preview_url is in it.
    preview_url: The link, as it stands in the text.
    high_quality: Whether the picture is shown as wide as the chat.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the text names them; it holds @<number> for each.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="POST",
        path="/send-link-custom-preview",
        result=SendTextResult,
        fields={
            "chatId": chat_id,
            "text": text,
            "preview_title": preview_title,
            "preview_description": preview_description,
            "preview_url": preview_url,
            "high_quality": high_quality,
            "reply_to": reply_to,
            "mentions": mentions,
        },
        source=source,
        file="preview_image_file",
        url="preview_image_url",
    )


def send_file(
    chat_id: str,
    source: Source,
    *,
    filename: str | None = None,
    file_name: str | None = None,
    mimetype: str | None = None,
    caption: str | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
) -> Write[SendFileResult]:
    """Send a file as a document.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    filename: What the file is called; without it, as in the upload or the url.
    file_name: The same as filename.
    mimetype: What the file is; without it, by its name, else by its first bytes.
    caption: A text shown below it.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the text names them; it holds @<number> for each.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="POST",
        path="/send-file",
        result=SendFileResult,
        fields={
            "chatId": chat_id,
            "filename": filename,
            "fileName": file_name,
            "mimetype": mimetype,
            "caption": caption,
            "reply_to": reply_to,
            "mentions": mentions,
        },
        source=source,
    )


def send_image(
    chat_id: str,
    source: Source,
    *,
    filename: str | None = None,
    mimetype: str | None = None,
    caption: str | None = None,
    view_once: bool | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
) -> Write[SendImageResult]:
    """Send an image.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    filename: Taken from clients that send it: what the file is, its bytes tell.
    mimetype: Taken from clients that send it: what the file is, its bytes tell.
    caption: A text shown below it.
    view_once: Whether it can be looked at only once.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the text names them; it holds @<number> for each.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="POST",
        path="/send-image",
        result=SendImageResult,
        fields={
            "chatId": chat_id,
            "filename": filename,
            "mimetype": mimetype,
            "caption": caption,
            "view_once": view_once,
            "reply_to": reply_to,
            "mentions": mentions,
        },
        source=source,
    )


def send_sticker(chat_id: str, source: Source, *, reply_to: str | None = None) -> Write[SendStickerResult]:
    """Send a sticker.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    reply_to: Id of the message that is replied to.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="POST",
        path="/send-sticker",
        result=SendStickerResult,
        fields={"chatId": chat_id, "reply_to": reply_to},
        source=source,
    )


def send_video(
    chat_id: str,
    source: Source,
    *,
    filename: str | None = None,
    mimetype: str | None = None,
    as_note: bool | None = None,
    caption: str | None = None,
    view_once: bool | None = None,
    reply_to: str | None = None,
    mentions: list[str] | None = None,
) -> Write[SendVideoResult]:
    """Send a video.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    filename: Taken from clients that send it: what the file is, its bytes tell.
    mimetype: Taken from clients that send it: what the file is, its bytes tell.
    as_note: Whether it is shown as a circle; phones show no caption there.
    caption: A text shown below it.
    view_once: Whether it can be looked at only once.
    reply_to: Id of the message that is replied to.
    mentions: People who are told that the text names them; it holds @<number> for each.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="POST",
        path="/send-video",
        result=SendVideoResult,
        fields={
            "chatId": chat_id,
            "filename": filename,
            "mimetype": mimetype,
            "asNote": as_note,
            "caption": caption,
            "view_once": view_once,
            "reply_to": reply_to,
            "mentions": mentions,
        },
        source=source,
    )


def send_location(
    chat_id: str, latitude: float, longitude: float, *, title: str | None = None, reply_to: str | None = None
) -> Write[SendLocationResult]:
    """Send a location.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    latitude: Degrees north.
    longitude: Degrees east.
    title: The name of the place.
    reply_to: Id of the message that is replied to.
    """
    return Write(
        method="POST",
        path="/send-location",
        result=SendLocationResult,
        fields={
            "chatId": chat_id,
            "latitude": latitude,
            "longitude": longitude,
            "title": title,
            "reply_to": reply_to,
        },
    )


def send_contact_card(chat_id: str, contacts: list[ContactFields]) -> Write[SendContactCardResult]:
    """Send contacts.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    contacts: 1 to 100 contacts.
    """
    return Write(
        method="POST",
        path="/send-contact-card",
        result=SendContactCardResult,
        fields={"chatId": chat_id, "contacts": contacts},
    )


def send_poll(chat_id: str, poll: PollFields, *, reply_to: str | None = None) -> Write[SendPollResult]:
    """Send a poll.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    reply_to: Id of the message that is replied to.
    """
    return Write(
        method="POST",
        path="/send-poll",
        result=SendPollResult,
        fields={"chatId": chat_id, "poll": poll, "reply_to": reply_to},
    )


def forward_message(chat_id: str, message_id: str) -> Write[ForwardMessageResult]:
    """Pass a message on to another chat.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    message_id: Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>].
    """
    return Write(
        method="POST",
        path="/forward-message",
        result=ForwardMessageResult,
        fields={"chatId": chat_id, "messageId": message_id},
    )


def edit_message(
    message_id: str, text: str, *, chat_id: str | None = None, mentions: list[str] | None = None
) -> Write[EditMessageResult]:
    """Edit a text or a caption.

    message_id: Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>].
    text: The new text or caption.
    chat_id: The chat; needed with a short messageId.
    mentions: People who are told that the text names them; it holds @<number> for each.
    """
    return Write(
        method="PUT",
        path="/edit-message",
        result=EditMessageResult,
        fields={"messageId": message_id, "text": text, "chatId": chat_id, "mentions": mentions},
    )


def send_seen(
    chat_id: str, *, message_id: str | None = None, participant: str | None = None
) -> Write[SendSeenResult]:
    """Show that messages were read.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    message_id: One message; all of the chat without it.
    participant: Who wrote it, in a group.
    """
    return Write(
        method="POST",
        path="/send-seen",
        result=SendSeenResult,
        fields={"chatId": chat_id, "messageId": message_id, "participant": participant},
    )


def read_chat(chat_id: str, *, messages: int | None = None, days: int | None = None) -> Write[ReadChatResult]:
    """Mark the latest messages of a chat as read.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    messages: How many of the latest messages; 100 unless given.
    days: Only of the last so many days; 7 unless given.
    """
    return Write(
        method="POST",
        path="/read-chat",
        result=ReadChatResult,
        fields={"chatId": chat_id, "messages": messages, "days": days},
    )


def react_to_message(
    message_id: str, reaction: str, *, chat_id: str | None = None
) -> Write[ReactToMessageResult]:
    """React to a message.

    message_id: Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>].
    reaction: An emoji; empty to take it away.
    chat_id: The chat; needed with a short messageId.
    """
    return Write(
        method="PUT",
        path="/react-to-message",
        result=ReactToMessageResult,
        fields={"messageId": message_id, "reaction": reaction, "chatId": chat_id},
    )


def delete_message(chat_id: str, message_id: str) -> Write[DeleteMessageResult]:
    """Delete a message for everyone.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    message_id: Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>].
    """
    return Write(
        method="DELETE",
        path="/delete-message",
        result=DeleteMessageResult,
        fields={"chatId": chat_id, "messageId": message_id},
        in_query=True,
    )


def start_typing(chat_id: str) -> Write[StartTypingResult]:
    """Show that you are typing.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    """
    return Write(
        method="POST",
        path="/start-typing",
        result=StartTypingResult,
        fields={"chatId": chat_id},
    )


def stop_typing(chat_id: str) -> Write[StopTypingResult]:
    """No longer show that you are typing.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    """
    return Write(
        method="POST",
        path="/stop-typing",
        result=StopTypingResult,
        fields={"chatId": chat_id},
    )


def create_group(subject: str, participants: list[str]) -> Write[CreateGroupResult]:
    """Create a group.

    subject: The group's name.
    participants: The people.
    """
    return Write(
        method="POST",
        path="/create-group",
        result=CreateGroupResult,
        fields={"subject": subject, "participants": participants},
    )


def group_participants_add(chat_id: str, participants: list[str]) -> Write[MembersResult]:
    """Add people to a group.

    chat_id: The group: <id>@g.us.
    participants: The people.
    """
    return Write(
        method="POST",
        path="/group-participants-add",
        result=MembersResult,
        fields={"chatId": chat_id, "participants": participants},
    )


def group_participants_remove(chat_id: str, participants: list[str]) -> Write[MembersResult]:
    """Remove people from a group.

    chat_id: The group: <id>@g.us.
    participants: The people.
    """
    return Write(
        method="POST",
        path="/group-participants-remove",
        result=MembersResult,
        fields={"chatId": chat_id, "participants": participants},
    )


def group_participants_promote(chat_id: str, participants: list[str]) -> Write[MembersResult]:
    """Make members of a group its admins.

    chat_id: The group: <id>@g.us.
    participants: The people.
    """
    return Write(
        method="POST",
        path="/group-participants-promote",
        result=MembersResult,
        fields={"chatId": chat_id, "participants": participants},
    )


def group_participants_demote(chat_id: str, participants: list[str]) -> Write[MembersResult]:
    """Make admins of a group plain members.

    chat_id: The group: <id>@g.us.
    participants: The people.
    """
    return Write(
        method="POST",
        path="/group-participants-demote",
        result=MembersResult,
        fields={"chatId": chat_id, "participants": participants},
    )


def group_subject(chat_id: str, subject: str) -> Write[Success]:
    """Rename a group.

    chat_id: The group: <id>@g.us.
    subject: The group's name.
    """
    return Write(
        method="PUT",
        path="/group-subject",
        result=Success,
        fields={"chatId": chat_id, "subject": subject},
    )


def group_description(chat_id: str, description: str) -> Write[Success]:
    """Describe a group.

    chat_id: The group: <id>@g.us.
    description: The description; empty for none.
    """
    return Write(
        method="PUT",
        path="/group-description",
        result=Success,
        fields={"chatId": chat_id, "description": description},
    )


def group_settings(
    chat_id: str, *, announce: bool | None = None, locked: bool | None = None
) -> Write[Success]:
    """Change who may do what in a group.

    chat_id: The group: <id>@g.us.
    announce: Only admins write.
    locked: Only admins change subject, description and picture.
    """
    return Write(
        method="PUT",
        path="/group-settings",
        result=Success,
        fields={"chatId": chat_id, "announce": announce, "locked": locked},
    )


def group_picture(chat_id: str, source: Source) -> Write[GroupPictureResult]:
    """Give a group another picture.

    chat_id: The group: <id>@g.us.
    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="PUT",
        path="/group-picture",
        result=GroupPictureResult,
        fields={"chatId": chat_id},
        source=source,
    )


def group_invite_reset(chat_id: str) -> Write[InviteResult]:
    """Renew the invite link of a group.

    chat_id: The group: <id>@g.us.
    """
    return Write(
        method="POST",
        path="/group-invite-reset",
        result=InviteResult,
        fields={"chatId": chat_id},
    )


def join_group(link: str) -> Write[JoinGroupResult]:
    """Join a group by its invite link.

    link: https://chat.whatsapp.com/<code>, or the code.
    """
    return Write(
        method="POST",
        path="/join-group",
        result=JoinGroupResult,
        fields={"link": link},
    )


def leave_group(chat_id: str) -> Write[Success]:
    """Leave a group.

    chat_id: The group: <id>@g.us.
    """
    return Write(
        method="POST",
        path="/leave-group",
        result=Success,
        fields={"chatId": chat_id},
    )


def presence(presence: Literal["available", "unavailable"]) -> Write[Success]:
    """Show the account as online or not.

    presence: How the account shows itself.
    """
    return Write(
        method="POST",
        path="/presence",
        result=Success,
        fields={"presence": presence},
    )


def presence_subscribe(chat_id: str) -> Write[Success]:
    """Be told when somebody is online.

    chat_id: The person: <number>@c.us, <n>@lid, or a number.
    """
    return Write(
        method="POST",
        path="/presence-subscribe",
        result=Success,
        fields={"chatId": chat_id},
    )


def block(chat_id: str) -> Write[Success]:
    """Block somebody.

    chat_id: The person: <number>@c.us, <n>@lid, or a number.
    """
    return Write(
        method="POST",
        path="/block",
        result=Success,
        fields={"chatId": chat_id},
    )


def unblock(chat_id: str) -> Write[Success]:
    """Unblock somebody.

    chat_id: The person: <number>@c.us, <n>@lid, or a number.
    """
    return Write(
        method="POST",
        path="/unblock",
        result=Success,
        fields={"chatId": chat_id},
    )


def profile_name(name: str) -> Write[Success]:
    """Set the name that others see.

    name: The name that others see.
    """
    return Write(
        method="PUT",
        path="/profile-name",
        result=Success,
        fields={"name": name},
    )


def profile_status(status: str) -> Write[Success]:
    """Set the text under the account's name.

    status: The text under the name; "" takes it away.
    """
    return Write(
        method="PUT",
        path="/profile-status",
        result=Success,
        fields={"status": status},
    )


def profile_picture(source: Source) -> Write[ProfilePictureResult]:
    """Give the account another picture.

    source: Path of the file, its bytes, or an http(s) address that the gateway fetches.
    """
    return Write(
        method="PUT",
        path="/profile-picture",
        result=ProfilePictureResult,
        fields={},
        source=source,
    )


def list_queued_requests(
    *,
    status: str | None = None,
    endpoint: str | None = None,
    chat: str | None = None,
    cursor: str | None = None,
    limit: str | None = None,
) -> Read[QueuedRequestPage]:
    """List queued requests, newest first.

    status: Only these, separated by commas: queued, preparing, sending, sent, failed, cancelled.
    endpoint: Only calls of this operation, such as send-voice.
    chat: Only requests to this chatId.
    cursor: next_cursor of the page before.
    limit: Requests per page, 1 to 500; 50 unless given.
    """
    return Read(
        method="GET",
        path="/queued-requests",
        result=QueuedRequestPage,
        fields={"status": status, "endpoint": endpoint, "chat": chat, "cursor": cursor, "limit": limit},
        in_query=True,
    )


def get_queued_request(uuid: str) -> Read[QueuedRequest]:
    """Get a queued request."""
    return Read(
        method="GET",
        path=f"/queued-requests/{part(uuid)}",
        result=QueuedRequest,
        fields={},
    )


def cancel(uuid: str) -> Read[QueuedRequest]:
    """Cancel a queued request that was not sent."""
    return Read(
        method="DELETE",
        path=f"/queued-requests/{part(uuid)}",
        result=QueuedRequest,
        fields={},
    )


def retry(uuid: str, *, force: str | None = None) -> Read[QueuedRequest]:
    """Try a failed or cancelled request again.

    force: true: also when the message may have been sent already.
    """
    return Read(
        method="POST",
        path=f"/queued-requests/{part(uuid)}/retry",
        result=QueuedRequest,
        fields={"force": force},
        in_query=True,
    )


def contacts_get_all(
    *,
    limit: int | None = None,
    offset: int | None = None,
    sort_by: Literal["id", "name"] | None = None,
    sort_order: Literal["asc", "desc"] | None = None,
) -> Read[ContactsView]:
    """List the contacts.

    limit: How many; 100 unless given.
    offset: How many to leave out first.
    sort_by: What they are sorted by; id unless given.
    sort_order: asc unless given.
    """
    return Read(
        method="GET",
        path="/contacts/get-all",
        result=ContactsView,
        fields={"limit": limit, "offset": offset, "sort_by": sort_by, "sort_order": sort_order},
        in_query=True,
    )


def contacts_get(chat_id: str) -> Read[OneContactView]:
    """One contact.

    chat_id: Digits, <number>@c.us or <n>@lid.
    """
    return Read(
        method="GET",
        path="/contacts/get",
        result=OneContactView,
        fields={"chat_id": chat_id},
        in_query=True,
    )


def contacts_profile_picture(chat_id: str) -> Read[PictureView]:
    """Somebody's picture.

    chat_id: Digits, <number>@c.us or <n>@lid.
    """
    return Read(
        method="GET",
        path="/contacts/profile-picture",
        result=PictureView,
        fields={"chat_id": chat_id},
        in_query=True,
    )


def check_exists(chat_id: str) -> Read[ExistsView]:
    """Whether a number is on WhatsApp.

    chat_id: Digits, <number>@c.us or <n>@lid.
    """
    return Read(
        method="GET",
        path="/check-exists",
        result=ExistsView,
        fields={"chat_id": chat_id},
        in_query=True,
    )


def blocked() -> Read[BlockedView]:
    """Whom the account has blocked."""
    return Read(
        method="GET",
        path="/blocked",
        result=BlockedView,
        fields={},
        in_query=True,
    )


def star_message(message_id: str, star: bool, *, chat_id: str | None = None) -> Read[dict[str, Any]]:
    """Star a message (not possible yet: 501).

    message_id: Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>].
    star: Whether it has a star.
    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    """
    return Read(
        method="PUT",
        path="/star-message",
        result=dict[str, Any],
        fields={"messageId": message_id, "star": star, "chatId": chat_id},
    )


def request_pairing_code() -> Read[InstanceWithPairingCode]:
    """Get a code to type into the phone, in the place of a QR code."""
    return Read(
        method="POST",
        path="/request-pairing-code",
        result=InstanceWithPairingCode,
        fields={},
    )


def pairing_code() -> Read[InstanceWithPairingCode]:
    """The code that can be typed into the phone now."""
    return Read(
        method="GET",
        path="/pairing-code",
        result=InstanceWithPairingCode,
        fields={},
    )


def create_instance(
    phone: str,
    name: str,
    *,
    webhook_url: str | None = None,
    network: Literal["whatsapp", "sandbox"] | None = None,
    id: str | None = None,
    caption_as_text: bool | None = None,
) -> Read[CreatedInstance]:
    """Create an instance and get its QR code and token.

    phone: The account's number in full, with +.
    name: A name that no other instance has.
    webhook_url: Where events go: makes a webhook; https unless it is private.
    network: whatsapp, or sandbox for tests; the gateway's default unless given.
    id: A UUID to keep, for those who switch from elsewhere.
    caption_as_text: Whether a caption follows a voice note as a text; true unless given.
    """
    return Read(
        method="POST",
        path="/create-instance",
        result=CreatedInstance,
        fields={
            "phone": phone,
            "name": name,
            "webhook_url": webhook_url,
            "network": network,
            "id": id,
            "caption_as_text": caption_as_text,
        },
    )


def instances(
    *,
    filter_uuid: str | None = None,
    filter_name: str | None = None,
    filter_phone: str | None = None,
    filter_status: str | None = None,
) -> Read[list[InstanceView]]:
    """List instances.

    filter_uuid: Only the instance with this id.
    filter_name: Only instances whose name contains this.
    filter_phone: Only instances with this number.
    filter_status: Only instances in this status.
    """
    return Read(
        method="GET",
        path="/instances",
        result=list[InstanceView],
        fields={
            "filter[uuid]": filter_uuid,
            "filter[name]": filter_name,
            "filter[phone]": filter_phone,
            "filter[status]": filter_status,
        },
        in_query=True,
    )


def request_new_qr_code() -> Read[InstanceWithCode]:
    """Get a QR code to scan."""
    return Read(
        method="POST",
        path="/request-new-qr-code",
        result=InstanceWithCode,
        fields={},
    )


def qr_code() -> Read[InstanceWithCode]:
    """The QR code that can be scanned now."""
    return Read(
        method="GET",
        path="/qr-code",
        result=InstanceWithCode,
        fields={},
    )


def health() -> Read[Health]:
    """How the instance is."""
    return Read(
        method="GET",
        path="/health",
        result=Health,
        fields={},
    )


def restart() -> Read[Done]:
    """Connect the instance anew."""
    return Read(
        method="POST",
        path="/restart",
        result=Done,
        fields={},
    )


def logout() -> Read[Done]:
    """Unlink the instance from its phone."""
    return Read(
        method="POST",
        path="/logout",
        result=Done,
        fields={},
    )


def change(
    *,
    caption_as_text: bool | None = None,
    pacing: PacingOverrides | None = None,
    when_unknown: Literal["fail", "resend", "default"] | None = None,
    calls: CallChoice | None = None,
) -> Read[InstanceView]:
    """Change the instance's settings.

    caption_as_text: Whether a caption follows a voice note as a text.
    pacing: What of WAYPOST_PACING_… is another for this instance, in the place of what was given
        before; {} is all as the gateway has it.
    when_unknown: What becomes of a send that stays unknown; default: as the gateway has it.
    calls: Whether calls are declined, and the text that whoever called is sent then.
    """
    return Read(
        method="PATCH",
        path="",
        result=InstanceView,
        fields={
            "caption_as_text": caption_as_text,
            "pacing": pacing,
            "when_unknown": when_unknown,
            "calls": calls,
        },
    )


def delete() -> Read[Done]:
    """Delete the instance; its queued requests end with a reason."""
    return Read(
        method="DELETE",
        path="",
        result=Done,
        fields={},
    )


def create_webhook(
    url: str,
    *,
    events: list[str] | None = None,
    secret: str | None = None,
    signing_secret: str | None = None,
    headers: dict[str, str] | None = None,
    user_id: str | None = None,
    enabled: bool | None = None,
) -> Read[WebhookView]:
    """Make a webhook.

    url: Where events are posted to; https unless it is private.
    events: Names of the events; the eight that every client knows unless given.
    secret: What the authorization header says; made here unless given.
    signing_secret: The key of the signatures, whsec_ and base64; made here unless given.
    headers: Further headers, name to value.
    user_id: What x-userId and userId say; the id of the instance unless given.
    enabled: false: made, and nothing is sent yet.
    """
    return Read(
        method="POST",
        path="/webhooks",
        result=WebhookView,
        fields={
            "url": url,
            "events": events,
            "secret": secret,
            "signing_secret": signing_secret,
            "headers": headers,
            "user_id": user_id,
            "enabled": enabled,
        },
    )


def list_webhooks() -> Read[list[WebhookView]]:
    """List the instance's webhooks, without their secrets."""
    return Read(
        method="GET",
        path="/webhooks",
        result=list[WebhookView],
        fields={},
    )


def change_webhook(
    webhook: str,
    *,
    url: str | None = None,
    events: list[str] | None = None,
    secret: str | None = None,
    signing_secret: str | None = None,
    rotate_signing_secret: bool | None = None,
    headers: dict[str, str] | None = None,
    user_id: str | None = None,
    enabled: bool | None = None,
) -> Read[WebhookView]:
    """Change a webhook, or enable it again.

    url: Where events are posted to; https unless it is private.
    events: Names of the events; the eight that every client knows unless given.
    secret: What the authorization header says; made here unless given.
    signing_secret: The key of the signatures, whsec_ and base64; made here unless given.
    rotate_signing_secret: true: make a new key; the old one signs beside it for a day.
    headers: Further headers, in the place of those there are.
    user_id: What x-userId and userId say; the id of the instance unless given.
    enabled: false: keep what is pending; true: go on, also after a disabling.
    """
    return Read(
        method="PATCH",
        path=f"/webhooks/{part(webhook)}",
        result=WebhookView,
        fields={
            "url": url,
            "events": events,
            "secret": secret,
            "signing_secret": signing_secret,
            "rotate_signing_secret": rotate_signing_secret,
            "headers": headers,
            "user_id": user_id,
            "enabled": enabled,
        },
    )


def delete_webhook(webhook: str) -> Read[Removed]:
    """Delete a webhook with its deliveries."""
    return Read(
        method="DELETE",
        path=f"/webhooks/{part(webhook)}",
        result=Removed,
        fields={},
    )


def webhooks_test(webhook: str) -> Read[Tried]:
    """Post an event named webhook.test, now and once."""
    return Read(
        method="POST",
        path=f"/webhooks/{part(webhook)}/test",
        result=Tried,
        fields={},
    )


def list_webhooks_deliveries(
    webhook: str,
    *,
    state: str | None = None,
    event: str | None = None,
    chat: str | None = None,
    cursor: str | None = None,
    limit: str | None = None,
) -> Read[DeliveryPage]:
    """List a webhook's deliveries, newest first.

    state: Only these: pending, delivered or dead.
    event: Only events of this name.
    chat: Only events of this chat.
    cursor: next_cursor of the page before.
    limit: Deliveries per page, 1 to 500; 50 unless given.
    """
    return Read(
        method="GET",
        path=f"/webhooks/{part(webhook)}/deliveries",
        result=DeliveryPage,
        fields={"state": state, "event": event, "chat": chat, "cursor": cursor, "limit": limit},
        in_query=True,
    )


def get_webhooks_delivery(webhook: str, delivery: str) -> Read[DeliveryWithAttempts]:
    """Get a delivery with its attempts."""
    return Read(
        method="GET",
        path=f"/webhooks/{part(webhook)}/deliveries/{part(delivery)}",
        result=DeliveryWithAttempts,
        fields={},
    )


def webhooks_deliveries_redeliver(webhook: str, delivery: str) -> Read[Redelivered]:
    """Send an event again, whatever became of it."""
    return Read(
        method="POST",
        path=f"/webhooks/{part(webhook)}/deliveries/{part(delivery)}/redeliver",
        result=Redelivered,
        fields={},
    )


def webhooks_redeliver(
    webhook: str,
    *,
    state: Literal["dead", "delivered"] | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Read[Redelivered]:
    """Send all dead letters of a webhook again, or what was delivered in a time.

    state: dead unless given: what was given up.
    since: Only events from this time on, RFC 3339, such as 2026-01-31T08:00:00Z.
    until: Only events before this time.
    """
    return Read(
        method="POST",
        path=f"/webhooks/{part(webhook)}/redeliver",
        result=Redelivered,
        fields={"state": state, "since": since, "until": until},
    )


def create_token(
    *,
    instance: str | None = None,
    scopes: list[Literal["admin", "send", "read", "manage"]] | None = None,
    name: str | None = None,
    token: str | None = None,
) -> Read[TokenView]:
    """Make a token, or bring one from elsewhere.

    instance: Id of the instance; absent for an admin token.
    scopes: What it may do; send, read and manage unless given.
    name: What it is for.
    token: A token made elsewhere, <number>|<secret>, to go on using.
    """
    return Read(
        method="POST",
        path="/tokens",
        result=TokenView,
        fields={"instance": instance, "scopes": scopes, "name": name, "token": token},
    )


def list_tokens() -> Read[list[TokenView]]:
    """List tokens, without their secrets."""
    return Read(
        method="GET",
        path="/tokens",
        result=list[TokenView],
        fields={},
    )


def delete_token(number: str) -> Read[Revoked]:
    """Revoke a token."""
    return Read(
        method="DELETE",
        path=f"/tokens/{part(number)}",
        result=Revoked,
        fields={},
    )


def groups_get_all(*, limit: int | None = None, offset: int | None = None) -> Read[GroupPage]:
    """List the groups that the account is in.

    limit: Groups per page; 100 unless given.
    offset: How many to pass over.
    """
    return Read(
        method="GET",
        path="/groups/get-all",
        result=GroupPage,
        fields={"limit": limit, "offset": offset},
        in_query=True,
    )


def groups_get(chat_id: str) -> Read[GroupFound]:
    """Show a group with its members.

    chat_id: The group: <id>@g.us.
    """
    return Read(
        method="GET",
        path="/groups/get",
        result=GroupFound,
        fields={"chat_id": chat_id},
        in_query=True,
    )


def groups_invite_link(chat_id: str) -> Read[InviteLink]:
    """Show the invite link of a group.

    chat_id: The group: <id>@g.us.
    """
    return Read(
        method="GET",
        path="/groups/invite-link",
        result=InviteLink,
        fields={"chat_id": chat_id},
        in_query=True,
    )


def groups_picture(chat_id: str) -> Read[GroupPicture]:
    """Show where the picture of a group lies.

    chat_id: The group: <id>@g.us.
    """
    return Read(
        method="GET",
        path="/groups/picture",
        result=GroupPicture,
        fields={"chat_id": chat_id},
        in_query=True,
    )


def request_code(
    chat_id: str,
    *,
    length: int | None = None,
    use_letter: bool | None = None,
    use_number: bool | None = None,
    all_capital: bool | None = None,
    name: str | None = None,
    expires: int | None = None,
) -> Read[OtpCodeAnswer]:
    """Send a one-time code to a chat.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    length: Characters of the code; 6 unless given.
    use_letter: Whether it has letters; false unless given.
    use_number: Whether it has digits; true unless given.
    all_capital: Whether its letters are capitals; false unless given.
    name: Whose code it is, for the message.
    expires: How long it can be used, in seconds; 1800 unless given.
    """
    return Read(
        method="POST",
        path="/request-code",
        result=OtpCodeAnswer,
        fields={
            "chatId": chat_id,
            "length": length,
            "useLetter": use_letter,
            "useNumber": use_number,
            "allCapital": all_capital,
            "name": name,
            "expires": expires,
        },
        root="/api/otp/v2",
    )


def validate_code(chat_id: str, code: str) -> Read[OtpValidatedAnswer]:
    """Check the code that a person typed; a code works once.

    chat_id: The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    code: What the person typed.
    """
    return Read(
        method="POST",
        path="/validate-code",
        result=OtpValidatedAnswer,
        fields={"chatId": chat_id, "code": code},
        root="/api/otp/v2",
    )


def generate_link(
    *,
    chat_id: str | None = None,
    expires: int | None = None,
    name: str | None = None,
    message: LinkMessages | None = None,
    callback: LinkCallbacks | None = None,
) -> Read[OtpLinkAnswer]:
    """Make a link by which a person shows their number.

    chat_id: Whose number it is to be; absent: anybody's.
    expires: How long it can be used, in seconds; 1800 unless given.
    name: Whose link it is, for {name}.
    """
    return Read(
        method="POST",
        path="/generate-link",
        result=OtpLinkAnswer,
        fields={
            "chatId": chat_id,
            "expires": expires,
            "name": name,
            "message": message,
            "callback": callback,
        },
        root="/api/otp/v2",
    )


def chats_get_all(
    *, limit: int | None = None, offset: int | None = None, cursor: str | None = None
) -> Read[ChatList]:
    """List chats, the one with the latest message first.

    limit: Chats per page; 100 unless given.
    offset: How many to leave out.
    cursor: next_cursor of the page before: as fast on the last page as on the first.
    """
    return Read(
        method="GET",
        path="/chats/get-all",
        result=ChatList,
        fields={"limit": limit, "offset": offset, "cursor": cursor},
        in_query=True,
    )


def chats_messages(chat_id: str, *, limit: int | None = None, cursor: str | None = None) -> Read[MessagePage]:
    """The messages of a chat, newest first.

    chat_id: The chat: <number>@c.us, <n>@lid, <id>@g.us, or a number.
    limit: Messages per page; 50 unless given.
    cursor: next_cursor of the page before.
    """
    return Read(
        method="GET",
        path="/chats/messages",
        result=MessagePage,
        fields={"chatId": chat_id, "limit": limit, "cursor": cursor},
        in_query=True,
    )


def messages_download(message_id: str) -> Read[MediaView]:
    """A link to the file of a message, which is fetched now if it is not there.

    message_id: Id of the message: the short one, or true|false_<chatId>_<id>[_<participant>].
    """
    return Read(
        method="GET",
        path="/messages/download",
        result=MediaView,
        fields={"messageId": message_id},
        in_query=True,
    )
