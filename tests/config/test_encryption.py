"""Reading `ENCRYPTION_KEYS`: what is taken, and the sentence that refuses the rest."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretBytes

from config.encryption_keys import read_keys

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = base64.b64encode(b"\xfb" * 32).decode()


def test_keys_are_read_in_their_order_in_both_alphabets():
    url_safe = base64.urlsafe_b64encode(b"\xfb" * 32).decode().rstrip("=")

    assert list(read_keys(f"new:{KEY}, old:{url_safe},").items()) == [
        ("new", SecretBytes(b"\xfb" * 32)),
        ("old", SecretBytes(b"\xfb" * 32)),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (KEY, "key number 1 has no id: write id:key"),
        (f"a:{KEY},b c:{KEY}", "the id of key number 2 may have"),
        (f"a:{KEY},a:{KEY}", "two keys are called a"),
        (f"derived-1:{KEY}", "the id of key number 1 begins with derived-"),
        ("a:not!base64", "the key a is not base64; make one with"),
        ("a:c2hvcnQ=", "the key a has 5 bytes, 32 are needed; make one with"),
    ],
)
def test_whatever_else_is_refused_by_a_sentence_without_the_key(text, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        read_keys(text)

    assert KEY not in str(refused.value)
    assert "c2hvcnQ" not in str(refused.value)


def test_the_system_check_refuses_them_with_that_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "django", "check"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENCRYPTION_KEYS": "hidden-hidden-hidden",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "ENCRYPTION_KEYS cannot be used: key number 1 has no id: write id:key." in done.stderr
    assert "hidden-hidden" not in done.stderr
