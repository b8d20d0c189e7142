"""Finding a text of any length by an index that holds its digest.

Decision: MD5 as a UUID. PostgreSQL computes it by itself in an index, whose entries have room for it, which
they have not for a text of more than 2,700 bytes; and it is shorter than most ids. Who makes two texts of one
digest gains nothing by it: the text itself is compared as well.
"""

from django.db.models import Q, UUIDField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import MD5, Cast
from django.db.models.lookups import Exact


def digest(text: str | Combinable) -> Cast:
    """The digest of a column, or of another expression, as the indexes have it; `md5(…)::uuid` in SQL."""
    return Cast(MD5(text), UUIDField())


def same_text(column: str, text: str) -> Q:
    """Where the column has exactly this text: by the digest that an index begins with, then by itself."""
    return Q(Exact(digest(column), digest(Value(text)))) & Q(**{column: text})
