"""The fields of a call, checked against the operation's type: every mistake is told, each at its field."""

import contextlib
import re
import types
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, fields

from waypost.api.nul import refuse_in_fields
from waypost.errors import FetchError, InvalidRequest
from waypost.net.egress import parse_url
from waypost.operations.kind import FilePolicy

Fields = TypeVar("Fields", bound=msgspec.Struct)


class FieldsReader(Generic[Fields]):
    """Makes a typed struct of a call's fields; built once per operation."""

    def __init__(self, kind: type[Fields], file: FilePolicy | None = None) -> None:
        self._kind = kind
        self._file = file
        self._fields: tuple[FieldInfo, ...] = fields(kind)

    def read(self, given: dict[str, Any], has_file: bool = False) -> Fields:
        """The fields as the operation's type; unknown ones are left out. Raises InvalidRequest."""
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for field in self._fields:
            if field.name in given:
                try:
                    values[field.name] = _converted(_given(field, given[field.name]), field.type)
                except msgspec.ValidationError as wrong:
                    errors[field.name] = [_sentence(field, wrong)]
            elif field.required:
                errors[field.name] = [f"The {field.name} field is required."]
        file = self._file
        if file is not None and file.required and not has_file and file.url not in given:
            errors[file.url] = [f"The {file.url} field is required when {file.file} is not present."]
            errors[file.file] = [f"The {file.file} field is required when {file.url} is not present."]
        if file is not None and not has_file and isinstance(values.get(file.url), str):
            # What can't be an address at all is told at once; where it leads, when it is fetched.
            try:
                parse_url(values[file.url])
            except FetchError as wrong:
                errors[file.url] = [wrong.message]
        if errors:
            raise InvalidRequest(errors)
        return self._kind(**values)


def _given(field: FieldInfo, value: Any) -> Any:
    """The value; a list or an object is read of the JSON by which forms carry it, and a text alone is a list
    of that one where texts are listed. Raises InvalidRequest."""
    holds = _holds(field.type) if isinstance(value, str) else None
    if holds is None:
        return value
    if value.lstrip()[:1] == ("[" if get_origin(holds) is list else "{"):
        with contextlib.suppress(msgspec.DecodeError, RecursionError):
            decoded = msgspec.json.decode(value)
            refuse_in_fields({field.name: decoded})
            return decoded
    return [value] if get_origin(holds) is list and _holds(get_args(holds)[0]) is None else value


def _converted(value: Any, kind: Any) -> Any:
    # Clients send numbers where the contract has text (chatId) and forms have text where it has numbers.
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError:
            return msgspec.convert(str(value), kind, strict=False)
    return msgspec.convert(value, kind, strict=False)


def _holds(kind: Any) -> Any:
    """The type that a field takes and no text can be: of a list or an object, an absent one aside."""
    if get_origin(kind) is Annotated:
        return _holds(get_args(kind)[0])
    if get_origin(kind) in (Union, types.UnionType):
        kinds = [one for one in get_args(kind) if one is not type(None)]
        return _holds(kinds[0]) if len(kinds) == 1 else None
    if get_origin(kind) is list:
        return kind
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


_EXPECTED = re.compile(r"Expected `([a-z]+)(?: \| null)?`(?: (of length )?([<>]=) (-?[\d.]+))?")
_PLACE = re.compile(r" - at `\$(.+)`$")
_KINDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}


def _sentence(field: FieldInfo, wrong: msgspec.ValidationError) -> str:
    place = _PLACE.search(str(wrong))
    name = field.name if place is None else f"{field.name}{place[1]}"
    if str(wrong).startswith("Invalid enum value"):
        return f"The {name} field must be one of {', '.join(_choices(field.type))}."
    found = _EXPECTED.match(str(wrong))
    if found is None:
        reason = str(wrong).split(" - at `")[0].replace("`", "").rstrip(".")
        return f"The {name} field is invalid: {reason[:1].lower()}{reason[1:]}."
    if found[3] is not None:
        bound = "at most" if found[3] == "<=" else "at least"
        least = found[4].removesuffix(".0")
        if found[2] is None:
            return f"The {name} field must be {bound} {least}."
        things = "items" if found[1] == "array" else "characters"
        return f"The {name} field must have {bound} {least} {things}."
    return f"The {name} field must be {_KINDS.get(found[1], found[1])}."


def _choices(kind: Any) -> list[str]:
    """The words that a Literal somewhere inside `kind` allows."""
    if get_origin(kind) is Literal:
        return [str(one) for one in get_args(kind)]
    return [word for inner in get_args(kind) for word in _choices(inner)]
