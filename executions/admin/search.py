"""What an operator may type to find executions, each served by an index."""

import re
import uuid

from django.db.models import Q, Value
from django.db.models.functions import MD5
from django.db.models.lookups import Exact

from executions.models import Skill, Source, State

MOST_WORDS = 5
_ID_BEGINNING = re.compile(r"[0-9a-f]{8,32}")
# An id as Callboard itself writes those of its objectives and their tool calls: a prefix and a ULID.
_OURS = re.compile(r"([a-z]+)_([0-9a-hjkmnp-tv-z]{26})", re.IGNORECASE | re.ASCII)


def condition(term: str) -> Q:
    """What a term finds: ids, tool calls, threads, or the words of a list.

    Words are states, sources and slugs of skills: `failed csv-profile`. Everything else is compared with
    tool call and thread ids as it stands, since models invent those, and without the blanks around it, which
    come along when one is copied; ids of ours are found in whatever case they were written. Ids of executions
    are found by their beginning too, from eight digits on.
    """
    words = term.lower().split()
    if 0 < len(words) <= MOST_WORDS:
        meanings = [_word(word) for word in words]
        if all(meaning is not None for meaning in meanings):
            return Q(*(meaning for meaning in meanings if meaning is not None))
    chat = Q()
    for text in _spellings(term):
        chat |= _text("chat_tool_call_id", text) | _text("chat_thread_id", text)
    ids = _id_range(term)
    return chat if ids is None else Q(pk__range=ids) | chat


def _spellings(term: str) -> list[str]:
    """What a chat's id may be that somebody typed like this, each once."""
    stripped = term.strip()
    ours = _OURS.fullmatch(stripped)
    return list(dict.fromkeys([term, stripped, *([f"{ours[1].lower()}_{ours[2].upper()}"] if ours else [])]))


def _text(column: str, term: str) -> Q:
    """By the digest that the index holds, then exactly."""
    return Q(Exact(MD5(column), MD5(Value(term)))) & Q(**{column: term})


def _word(word: str) -> Q | None:
    if word in State.values:
        return Q(state=word)
    if word in Source.values:
        return Q(source=word)
    if Skill.objects.filter(slug=word).exists():
        return Q(skill_slug=word)
    return None


def _id_range(term: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The ids that begin with these hexadecimal digits; None where the term cannot begin one."""
    digits = term.strip().lower().replace("-", "")
    if not _ID_BEGINNING.fullmatch(digits):
        return None
    return uuid.UUID(digits.ljust(32, "0")), uuid.UUID(digits.ljust(32, "f"))
