"""What a model hands to a tool is kept short in the log."""

from executions.runner.recorder import recordable


def test_long_texts_are_cut_at_any_depth() -> None:
    cut = recordable({"path": "a.md", "parts": [{"text": "x" * 5000}], "n": 1})

    assert cut == {"path": "a.md", "parts": [{"text": "x" * 2000 + "… (5000 characters)"}], "n": 1}
