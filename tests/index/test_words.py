"""Ids as words of word2vec's formats: every id comes back, and who wrote the words is found out."""

from hypothesis import given
from hypothesis import strategies as st

from index.words import are_encoded, id_of, word_of

IDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)


@given(st.lists(IDS, min_size=1))
def test_every_id_comes_back_and_its_words_are_known_as_ours(ids):
    words = [word_of(item) for item in ids]
    assert [id_of(word) for word in words] == ids
    assert all(not word.isspace() and len(word.split()) == 1 for word in words)
    assert are_encoded(words) == any("%" in word for word in words)


def test_other_words_with_a_percent_sign_are_not_ours():
    for words in (["100%"], ["%zz"], ["%61"], ["a%2", "b%20c"], ["50%off"]):
        assert not are_encoded(words), words
    assert are_encoded(["plain", "b%20c"])
