"""What is kept of an item is what each state of the catalogue says of it, whoever asks first."""

from app.live.fragments import Fragments


def asked(fragments, row, packed):
    """What is given, and whether it was rendered for that."""
    rendered = []
    found = fragments.kept[row] or fragments.get(
        row, packed, lambda: rendered.append(1) or b"of " + (packed or b"model")
    )
    return found, bool(rendered)


def test_each_row_is_rendered_once():
    fragments = Fragments(3)
    assert [asked(fragments, 1, None), asked(fragments, 1, None)] == [(b"of model", True), (b"of model", False)]
    fragments.changed([1])
    new = bytes([97])
    assert [asked(fragments, 1, new), asked(fragments, 1, new)] == [(b"of a", True), (b"of a", False)]


def test_a_state_of_before_leaves_nothing_to_the_next():
    fragments, old, new = Fragments(2), b"old", b"new"
    asked(fragments, 0, old)
    fragments.changed([0])
    for _ in range(2):
        assert asked(fragments, 0, old)[0] == b"of old"
        assert asked(fragments, 0, new)[0] == b"of new"


def test_what_is_rendered_while_the_next_state_comes_is_not_kept_for_it():
    fragments = Fragments(1)

    def render():
        fragments.changed([0])  # the next state comes just now
        return b"of old"

    assert fragments.get(0, b"old", render) == b"of old"
    assert fragments.kept == [None]
    assert asked(fragments, 0, b"new") == (b"of new", True)
