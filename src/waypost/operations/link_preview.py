"""What a text shows of the page that it links to.

Fetching it is never worth more than a few seconds: what did not come by then, or can't be used, is left out,
and the text goes without it, with a warning.
"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import msgspec
from msgspec import UNSET, UnsetType

from waypost.engine.port import Content, UploadedMedia
from waypost.errors import FetchError, MediaError, OutboxError
from waypost.media.picture import Picture
from waypost.operations.resources import Resources
from waypost.outbox.request import Request

NO_PREVIEW: Final = "link_preview_failed"
"""The warning of a text whose page could not be fetched or read in time."""
NO_PICTURE: Final = "link_preview_image_failed"
"""The warning of one whose preview goes without its picture."""

_SECONDS: Final = 5.0
"""For page and picture together."""
_URL: Final = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)
_AFTER_URL: Final = ".,;:!?…)]}*_~'\""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A preview in the making; `url` as it stands in the text. The picture lies in the workshop until it is
    uploaded, which only a large one is."""

    url: str
    title: str
    description: str
    picture: Picture | None = None
    large: bool = False


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What was found ahead of sending."""

    preview: Preview | None = None
    warnings: list[str] = []


class StagedPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A preview that can be sent; `media` is its large picture."""

    preview: Preview
    media: UploadedMedia | None = None


class ExtendedText(msgspec.Struct, frozen=True, kw_only=True):
    """A text as it was sent, and what it shows of a page; binary values are base64, times and sizes as the
    message has them."""

    text: str
    matchedText: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    jpegThumbnail: bytes | UnsetType = UNSET
    thumbnailDirectPath: str | UnsetType = UNSET
    thumbnailSha256: bytes | UnsetType = UNSET
    thumbnailEncSha256: bytes | UnsetType = UNSET
    mediaKey: bytes | UnsetType = UNSET
    mediaKeyTimestamp: str | UnsetType = UNSET
    thumbnailHeight: int | UnsetType = UNSET
    thumbnailWidth: int | UnsetType = UNSET


def link_in(text: str) -> str | None:
    """The first web address in a text."""
    found = _URL.search(text)
    return None if found is None else found[0].rstrip(_AFTER_URL)


async def of_page(resources: Resources, request: Request, url: str, large: bool) -> Prepared:
    """Fetch the page and its picture."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await _of_page(resources, request, url, large)
    except (FetchError, MediaError, TimeoutError) as failed:
        _note(resources, request, failed)
        return Prepared(warnings=[NO_PREVIEW])


async def with_picture(resources: Resources, request: Request, preview: Preview, url: str | None) -> Prepared:
    """The preview with the picture behind `url`, or with the file of the call."""
    try:
        async with asyncio.timeout(_SECONDS), resources.source(request, url) as source:
            picture = await resources.converter.picture(source, _target(resources, request), "preview")
    except (FetchError, MediaError, OutboxError, TimeoutError) as failed:
        _note(resources, request, failed)
        return Prepared(preview=preview, warnings=[NO_PICTURE])
    if not preview.large:
        _target(resources, request).unlink(missing_ok=True)
    return Prepared(preview=msgspec.structs.replace(preview, picture=picture))


async def stage_preview(
    resources: Resources, request: Request, preview: Preview | None
) -> StagedPreview | None:
    """Upload the large picture; one that is gone from the workshop is done without. Raises EngineError."""
    if preview is None:
        return None
    path = _target(resources, request)
    if not preview.large or preview.picture is None or not path.is_file():
        return StagedPreview(preview=preview)
    media = await resources.session(request.instance_id).upload(path, "thumbnail")
    path.unlink(missing_ok=True)
    return StagedPreview(
        preview=preview, media=media if media.file_sha256 == preview.picture.sha256 else None
    )


def text_content(text: str, staged: StagedPreview | None, mentioned: Sequence[str] = ()) -> Content:
    """The message of a text, with its preview where it has one; `mentioned` are JIDs."""
    if staged is None and not mentioned:
        return {"conversation": text}
    content: Content = {"text": text}
    if staged is not None:
        content |= _preview_content(staged)
    if mentioned:
        content["contextInfo"] = {"mentionedJID": list(mentioned)}
    return {"extendedTextMessage": content}


def _preview_content(staged: StagedPreview) -> Content:
    preview, media = staged.preview, staged.media
    content: Content = {
        "matchedText": preview.url,
        "title": preview.title,
        "description": preview.description,
    }
    if preview.picture is not None:
        content["JPEGThumbnail"] = preview.picture.thumbnail
        if media is not None:
            content |= {
                "thumbnailDirectPath": media.direct_path,
                "thumbnailSHA256": media.file_sha256,
                "thumbnailEncSHA256": media.file_enc_sha256,
                "mediaKey": media.media_key,
                "mediaKeyTimestamp": media.uploaded_at,
                "thumbnailHeight": preview.picture.height,
                "thumbnailWidth": preview.picture.width,
            }
    return content


def text_shown(text: str, staged: StagedPreview | None) -> ExtendedText:
    """The same as the result shows it."""
    sent = {} if staged is None else _preview_content(staged)
    renamed: dict[str, Any] = {_SHOWN.get(name, name): value for name, value in sent.items()}
    if "mediaKeyTimestamp" in renamed:
        renamed["mediaKeyTimestamp"] = str(renamed["mediaKeyTimestamp"])
    return ExtendedText(text=text, **renamed)


_SHOWN: Final = {
    "JPEGThumbnail": "jpegThumbnail",
    "thumbnailSHA256": "thumbnailSha256",
    "thumbnailEncSHA256": "thumbnailEncSha256",
}


async def _of_page(resources: Resources, request: Request, url: str, large: bool) -> Prepared:
    async with resources.source(request, url, pages=True) as source:
        page = await resources.converter.page(source)
    if not page.title:
        return Prepared(warnings=[NO_PREVIEW])
    preview = Preview(url=url, title=page.title, description=page.description, large=large)
    if page.image is None:
        return Prepared(preview=preview)
    return await with_picture(resources, request, preview, urljoin(url, page.image))


def _target(resources: Resources, request: Request) -> Path:
    return resources.workshop / f"{request.uuid}.preview"


def _note(resources: Resources, request: Request, failed: Exception) -> None:
    reason = failed.code if isinstance(failed, FetchError | MediaError | OutboxError) else "timeout"
    resources.log.info("link_preview_failed", instance=request.instance_id, reason=reason)
