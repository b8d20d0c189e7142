"""What lists of the workspace API are narrowed by: each filter reads its own text and says what is wrong."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django_filters import Filter
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import extend_schema_field
from pydantic.alias_generators import to_camel
from rest_framework.request import Request

from objectives.ids import Prefix, without_nul
from objectives.selectors import find
from objectives.validation.labels import read_filter
from spaces.errors import Invalid, NotFound

type Rows = QuerySet[Any]
type Narrow = Callable[[Rows, Any], Rows]


class QueryParameter(Filter):
    """A filter by one parameter, which counts as absent where it is empty.

    `field_name` with its lookup (`name__icontains`) is compared with what the text means; `narrow` does
    something else with it.
    """

    parameter = ""  # its name in addresses, which the filter set gives it
    default: Callable[[Rows], Rows] | None = None  # the rows where the parameter says nothing; None: all

    def __init__(
        self,
        field_name: str | None = None,
        *,
        help_text: str,
        schema: Mapping[str, Any] | None = None,
        narrow: Narrow | None = None,
    ) -> None:
        super().__init__(label="")
        self.column, self.narrow = field_name, narrow  # `field_name` is never None: the set gives it one
        describe: Any = extend_schema_field({**(schema or {"type": "string"}), "description": help_text})
        describe(self)

    def meaning(self, text: Any) -> Any:
        """What a text that is not empty stands for; raises Invalid."""
        return without_nul(text)

    def asked(self, rows: Rows, texts: list[str], request: Request) -> Rows:
        """The rows that a request asks for which names the parameter, once or several times."""
        return self.filter(rows, texts[-1] if texts else "")

    def filter(self, qs: Rows, value: Any) -> Rows:
        if value:
            return self.matching(qs, self.meaning(value))
        return self.default(qs) if self.default else qs

    def matching(self, rows: Rows, meant: Any) -> Rows:
        if self.narrow is not None:
            return self.narrow(rows, meant)
        return rows if self.column is None else rows.filter(**{self.column: meant})

    def refuse(self, message: str, text: str) -> Invalid:
        return Invalid.field("query", self.parameter, msg=message, value=text[:200])


class LabelsFilter(QueryParameter):
    """Only what carries every label of `k=v,k2=v2`; of rows that carry none, none."""

    def __init__(self, *, carries: bool = True) -> None:
        self.carries = carries
        super().__init__(help_text="`key=value,key=value`: only what carries all of these labels.")

    def filter(self, qs: Rows, value: Any) -> Rows:
        wanted = read_filter(value or "")
        if not wanted:
            return qs
        return qs.filter(labels__contains=wanted) if self.carries else qs.none()


class FlagFilter(QueryParameter):
    """`true` or `false`, in any case."""

    def __init__(
        self, field_name: str | None = None, *, help_text: str, narrow: Narrow | None = None
    ) -> None:
        super().__init__(field_name, help_text=help_text, schema={"type": "boolean"}, narrow=narrow)

    def meaning(self, text: str) -> bool:
        if text.lower() not in {"true", "false"}:
            raise self.refuse("Must be true or false.", text)
        return text.lower() == "true"


class WordsFilter(QueryParameter):
    """Words, repeated (`states=A&states=B`) or joined by commas."""

    def __init__(
        self,
        field_name: str | None = None,
        *,
        help_text: str,
        items: Mapping[str, Any] | None = None,
        narrow: Narrow | None = None,
    ) -> None:
        schema = {"type": "array", "items": items or {"type": "string"}}
        super().__init__(field_name, help_text=help_text, schema=schema, narrow=narrow)

    def asked(self, rows: Rows, texts: list[str], request: Request) -> Rows:
        return self.filter(rows, texts)

    def meaning(self, text: list[str]) -> list[str]:
        return [without_nul(word) for word in words_in(text)]


class EnumFilter(WordsFilter):
    """Some of the values of an enum, by the names that the API gives them; `…_UNSPECIFIED` says nothing.

    `values` are ours by those names.
    """

    def __init__(
        self,
        field_name: str | None,
        values: Mapping[str, str],
        *,
        help_text: str,
        default: Callable[[Rows], Rows] | None = None,
        narrow: Narrow | None = None,
    ) -> None:
        self.values, self.default = values, default
        items = {"type": "string", "enum": [*values]}
        super().__init__(field_name, help_text=help_text, items=items, narrow=narrow)

    def filter(self, qs: Rows, value: Any) -> Rows:
        asked = [word for word in words_in(value or []) if not word.endswith("_UNSPECIFIED")]
        for word in asked:
            if word not in self.values:
                raise self.refuse(f"Must be one of {', '.join(self.values)}.", word)
        return super().filter(qs, asked)

    def meaning(self, text: list[str]) -> list[str]:
        return [self.values[word] for word in text]


class StateFilter(QueryParameter):
    """One state, with the API's prefixes or without, in any case."""

    def __init__(
        self, field_name: str, states: list[str], *prefixes: str, help_text: str, thing: str = "state"
    ) -> None:
        self.states, self.prefixes, self.thing = states, prefixes, thing
        enum = [f"{''.join(prefixes)}{state.upper()}" for state in states]
        super().__init__(field_name, help_text=help_text, schema={"type": "string", "enum": enum})

    def meaning(self, text: str) -> str:
        short = text
        for prefix in self.prefixes:
            short = short.removeprefix(prefix)
        if short.lower() not in self.states:
            raise self.refuse(f"There is no such {self.thing}.", text)
        return short.lower()


class AddressFilter(QueryParameter):
    """The one thing of the workspace that an id or `external_id:…` refers to; raises Invalid for none."""

    def __init__(
        self,
        field_name: str,
        model: type[Model],
        prefix: Prefix,
        *,
        help_text: str,
        otherwise: str = "Not found.",
    ) -> None:
        self.of_model, self.prefix, self.otherwise = model, prefix, otherwise
        super().__init__(field_name, help_text=f"{help_text}, `{prefix}_…` or `external_id:…`.")

    def asked(self, rows: Rows, texts: list[str], request: Request) -> Rows:
        address = texts[-1] if texts else ""
        if not address:
            return rows
        view: Any = (request.parser_context or {})["view"]
        own: Rows = QuerySet(self.of_model).filter(space_id=view.space_id)
        found = found_by(own, self.prefix, address, self.parameter, otherwise=self.otherwise)
        return self.matching(rows, found)


class MomentFilter(QueryParameter):
    """A time with its zone."""

    def __init__(self, field_name: str, *, help_text: str) -> None:
        schema = {"type": "string", "format": "date-time"}
        super().__init__(field_name, help_text=help_text, schema=schema)

    def meaning(self, text: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text.replace(" ", "+"))  # a plus sign that was not encoded
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.refuse("Must be a time such as 2026-11-22T12:00:00Z.", text)
        return moment


class WorkspaceFilter(FilterSet):
    """The filters of a list by the API's names: `agent_id` is `agentId` in an address."""

    labels = LabelsFilter()

    @classmethod
    def get_filters(cls) -> OrderedDict[str, Any]:
        named: OrderedDict[str, Any] = OrderedDict(
            (to_camel(name), one) for name, one in super().get_filters().items()
        )
        for name, one in named.items():
            one.parameter = name
        return named

    @classmethod
    def narrowed(cls, rows: Rows, request: Request) -> Rows:
        """What a list shows of these; raises Invalid.

        Without the form of django-filter, which takes longer than the query: each filter checks its own text.
        """
        asked = request.query_params
        filters: Iterable[tuple[str, Any]] = cls.base_filters.items()
        for name, one in filters:
            if name in asked:
                rows = one.asked(rows, asked.getlist(name), request)
            elif one.default is not None:
                rows = one.default(rows)
        return rows


class InfoFilter(WorkspaceFilter):
    """Of a list whose items come with `info` where that is asked for."""

    include_info = FlagFilter(help_text="`true` adds `info` to each item.")


class AlwaysInfoFilter(WorkspaceFilter):
    """Of a list whose items always come with `info`."""

    include_info = QueryParameter(
        help_text="Changes nothing: each item always comes with `info`.", schema={"type": "boolean"}
    )


class Named(WorkspaceFilter):
    """Of a list of things with names."""

    prefix = QueryParameter("name__istartswith", help_text="Only names that begin so, in any case.")
    query = QueryParameter("name__icontains", help_text="Only names that hold this, in any case.")


class NamedFilter(Named, InfoFilter):
    """Both of these."""


def words_in(texts: list[str]) -> list[str]:
    return [word for text in texts for word in text.split(",") if word]


def wants_info(request: Request) -> bool:
    """Whether each item of a list is to come with its `info`, which the list's filter has checked."""
    return request.query_params.get("includeInfo", "").lower() == "true"


def found_by(rows: Rows, prefix: Prefix, address: str, name: str, *, otherwise: str = "Not found.") -> Any:
    """The one of `rows` that the query parameter `name` refers to; raises Invalid where it means none."""
    try:
        return find(rows, prefix, address)
    except NotFound:
        raise Invalid.field("query", name, msg=otherwise, value=address[:200]) from None
