"""Ids as words of the word2vec formats, which end a word at white space: percent-encoded where they have to be."""

from urllib.parse import unquote


def word_of(item: str) -> str:
    """The id as a word: spaces, characters that do not print, and "%" itself are percent-encoded. `id_of` gives the id
    back."""
    if "%" not in item and " " not in item and item.isprintable():
        return item
    return "".join(
        c
        if c.isprintable() and c not in " %"
        else "".join(f"%{byte:02X}" for byte in c.encode("utf-8", "surrogatepass"))
        for c in item
    )


def id_of(word: str) -> str:
    return unquote(word)


def are_encoded(words: list[str]) -> bool:
    """Whether `word_of` can have written them: some have a "%", and all of those come out of it again as they are."""
    some = [word for word in words if "%" in word]
    return bool(some) and all(word_of(id_of(word)) == word for word in some)
