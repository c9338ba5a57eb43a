"""What is wrong with settings, in words of their own instead of the validation library's."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

# Kind of error, as pydantic names it -> what the value must be; {} takes what the error's context holds.
MUST: Mapping[str, str] = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number, and not infinite",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text, in quotes",
    "tuple_type": "must be a list, in [ ]",
    "list_type": "must be a list, in [ ]",
    "dict_type": "must be a table of names and values",
    "model_type": "must be a section",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must have {min_length} characters at least",
    "string_too_long": "must have {max_length} characters at most",
    "too_short": "must have {min_length} values at least",
    "too_long": "must have {max_length} values at most",
}


KIND = re.compile(r"(constrained-)?(bool|int|float|str|list|dict)(\[.*\])?")  # as pydantic names parts of a union
MUST_IN_JSON: Mapping[str, str] = {
    **MUST,
    "extra_forbidden": "is not known here",
    "string_type": "must be text",
    "string_pattern_mismatch": "must match {pattern}",
    "string_unicode": "must be text in Unicode",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def wrong_value(found: Any) -> str:
    """What is wrong with one value of a request, of an error as pydantic lists them; never the value itself."""
    if found["type"] in ("value_error", "assertion_error"):
        return str(found["msg"]).partition(", ")[2]
    must = MUST_IN_JSON.get(found["type"])
    return str(found["msg"]) if must is None else must.format(**found.get("ctx", {}))


def wrong_values(errors: Sequence[Any]) -> list[tuple[str, str]]:
    """(place, what is wrong) of each value of a request. Of a value that may be of several kinds, each of which is an
    error of its own with the kind behind the place, one."""
    found: dict[tuple[Any, ...], list[str]] = {}
    places = [tuple(error["loc"]) for error in errors]
    for error, place in zip(errors, places, strict=True):
        kinds = [other for other in places if other[:-1] == place[:-1] and KIND.fullmatch(str(other[-1]))]
        one = place[:-1] if len(kinds) > 1 and place in kinds else place
        found.setdefault(one, []).append(wrong_value(error))
    return [(_place(place), _or(said)) for place, said in found.items()]


def _place(parts: Sequence[Any]) -> str:
    return ".".join(str(part)[:100] for part in parts if not str(part).startswith("list["))


def _or(said: Sequence[str]) -> str:
    first, *others = dict.fromkeys(said)
    return ", or ".join([first, *(text.removeprefix("must be ") for text in others)])


def wrong_settings(
    error: ValidationError, model: type[BaseModel], named: Callable[[str], str] = str, with_value: bool = True
) -> str:
    """One sentence for each wrong setting: `trainer.epochs must be at least 1, and is 0`.

    named: what a setting is called where it was given. with_value: not where it may be a secret.
    """
    return "; ".join(dict.fromkeys(_sentence(found, model, named, with_value) for found in error.errors()))


def _sentence(found: Any, model: type[BaseModel], named: Callable[[str], str], with_value: bool) -> str:
    place: Sequence[Any] = found["loc"]
    name = named(".".join(map(str, place)) or "the settings")
    if found["type"] == "extra_forbidden":
        return _unknown(place, model)
    if found["type"] in ("value_error", "assertion_error"):
        said = str(found["msg"]).partition(", ")[2]
        # A rule over several settings of a section names them itself.
        return said if _section(place, model) is not None else f"{name}: {said}"
    must = MUST.get(found["type"])
    if must is None:
        return f"{name}: {found['msg']}"
    given = found.get("input")
    is_what = f", and is {_short(given)}" if with_value and found["type"] != "missing" else ""
    return f"{name} {must.format(**found.get('ctx', {}))}{is_what}"


def _unknown(place: Sequence[Any], model: type[BaseModel]) -> str:
    section = _section(place[:-1], model)
    known = [] if section is None else list(section.model_fields)
    wrong = str(place[-1])
    above = "".join(f"{part}." for part in place[:-1])
    return unknown_name("section" if len(place) == 1 else "setting", wrong, known, above)


def unknown_name(what: str, wrong: str, known: Sequence[str], above: str = "") -> str:
    """There is no such thing; the nearest name, or all that there are. above: what stands before the name."""
    near = get_close_matches(wrong, known, 1, 0.6)
    meant = f"; did you mean {above}{near[0]}?" if near else f"; there are {', '.join(known)}" if known else ""
    return f"there is no {what} {above}{wrong}{meant}"


def _section(place: Sequence[Any], model: type[BaseModel]) -> type[BaseModel] | None:
    """What lies at a place where that is a section, or all of the settings; None for a single setting."""
    section: Any = model
    for part in place:
        field = getattr(section, "model_fields", {}).get(part)
        section = None if field is None else field.annotation
    return section if isinstance(section, type) and issubclass(section, BaseModel) else None


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
