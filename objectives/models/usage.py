"""What model requests used, by kind of token."""

from django.db import models


class TokenCounts(models.Model):
    """Tokens; those read from and written to the provider's cache, and those of reasoning, are included."""

    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)

    class Meta:
        abstract = True
