"""Text in any encoding: named, marked, or guessed and said; what is not in it rejects its row."""

import codecs
import gzip
import io
import logging

import pytest
from pydantic import ValidationError

from index.errors import EventsError
from training.events.text.guess import Guess, guessed
from training.eventsconfig import EventsConfig

WORDS = {
    "cp1252": "café crème,forêt,Straße,niño,Größe,façade,weiß",
    "cp1250": "žluťoučký kůň,řeka,šťastný,čtvrtek,příliš,město",
    "cp1251": "Книга красная,большая машина,музыка,вечер,любовь",
    "koi8_r": "Книга красная,большая машина,музыка,вечер,любовь",
    "cp1253": "Βιβλίο κόκκινο,μεγάλο σπίτι,δρόμος,μουσική,αγάπη",
    "cp1254": "kırmızı şarkı,büyük,güneş,akşam müziği,ığdır",
    "cp1256": "كتاب احمر,بيت كبير,موسيقى,اغنية عربية,سلام",
    "cp874": "หนังสือ,สีแดง,ภาษาไทย,ดนตรี,ความรัก",
    "gbk": "红色大书,音乐歌曲,中文,爱情,手机电脑",
    "big5": "紅色大書,音樂歌曲,中文,愛情,手機電腦",
    "shift_jis": "赤い本,大きい家,日本語の歌,スマートフォン,かばん",
    "euc_jp": "赤い本,大きい家,日本語の歌,スマートフォン,かばん",
    "cp949": "빨간 책,음악 노래,한국어,텔레비전,신발",
    "utf-8": "Книга,café,红色,赤い,한국어",
    "utf-8-sig": "Книга,café,红色,赤い,한국어",
    "utf-16": "Книга,café,红色,赤い,한국어",
    "utf-16-le": "Книга,café,红色,赤い,한국어",
    "utf-16-be": "Книга,café,红色,赤い,한국어",
    "utf-32": "Книга,café,红色,赤い,한국어",
    "utf-32-be": "Книга,café,红色,赤い,한국어",
}
NAMED_ONLY = {"cp037": "cafe,livre", "iso2022_jp": "赤い本,日本語の歌", "mac_roman": "café,naïve", "utf-7": "é,ü"}


def rows(words, mark=","):
    lines = [f"a{mark}{word}{mark}{n}" for n, word in enumerate(words.split(","))]
    return "\n".join([f"u{mark}i{mark}t", *lines, f"b{mark}{mark}9", ""])


@pytest.mark.parametrize("encoding", WORDS)
def test_an_encoding_is_found_where_none_is_named(read_bytes, encoding):
    words = WORDS[encoding].split(",")
    log = read_bytes(rows(WORDS[encoding]).encode(encoding))
    assert (log.items, log.reasons()) == (words, {len(words) + 1: "no_item"})


@pytest.mark.parametrize("encoding", WORDS | NAMED_ONLY)
def test_an_encoding_that_is_named_is_kept_to(read_bytes, encoding):
    words = (WORDS | NAMED_ONLY)[encoding].split(",")
    data = rows(",".join(words), ";").encode(encoding)
    log = read_bytes(data, encoding=encoding)
    assert (log.items, log.reasons()) == (words, {len(words) + 1: "no_item"})


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-16-be", "gbk", "utf-8-sig"])
def test_json_lines_are_read_in_the_same_encodings(read_bytes, encoding):
    text = '{"u":"a","i":"музыка","t":1}\n{oops\n{"u":"a","i":"книга","t":2}\n'
    named = read_bytes(text.encode(encoding), "log.jsonl", encoding=encoding)
    assert (named.items, named.reasons()) == (["музыка", "книга"], {2: "malformed"})
    if encoding != "gbk":
        assert read_bytes(text.encode(encoding), "log.jsonl").items == named.items


def test_what_was_guessed_is_said_and_the_usual_is_not(read_bytes, caplog):
    caplog.set_level(logging.WARNING)
    read_bytes(rows(WORDS["utf-8"]).encode())
    assert not caplog.records
    read_bytes(rows(WORDS["cp1251"]).encode("cp1251"))
    assert "CSV in CP1251" in caplog.text
    assert "--encoding" in caplog.text
    caplog.clear()
    read_bytes(rows(WORDS["cp1251"]).encode("cp1251"), encoding="cp1251")
    assert not caplog.records
    read_bytes(rows(WORDS["cp1252"]).encode(), encoding="gbk")
    assert "all of it is valid UTF-8" in caplog.text


def test_the_whole_file_counts_and_not_only_its_beginning(read_bytes):
    plain = b"u,i,t\n" + b"a,x,1\n" * 100_000
    assert read_bytes(plain + b"b,caf\xe9,2\n").items[-1] == "café"
    # Where other letters are UTF-8, a few wrong bytes are no other encoding: their row is rejected.
    log = read_bytes("u,i,t\na,é,1\n".encode() + plain[6:] + b"b,caf\xe9,2\n")
    assert (log.items[0], log.reasons()) == ("é", {100_002: "malformed"})
    assert "bytes that are not in utf-8" in log.rejects[0]["detail"]


def test_a_packed_file_that_is_not_what_it_begins_as_stops_with_what_to_type(read_bytes):
    data = b"u,i,t\n" + b"a,x,1\n" * 800_000
    assert len(read_bytes(gzip.compress(data + "b,é,2\n".encode(), 1), "log.csv.gz").items) == 800_001
    with pytest.raises(EventsError, match=r"log\.csv\.gz: is not in UTF-8, .*--encoding cp1252"):
        read_bytes(gzip.compress(data + b"b,caf\xe9,2\n", 1), "log.csv.gz")


def test_bytes_that_are_not_in_the_encoding_reject_their_row(read_bytes):
    log = read_bytes("u,i,t\na,红,1\n".encode("gbk") + b"b,\xff\xff,2\nc,\x81\nd,y,4\n", encoding="gbk")
    assert (log.items, log.reasons()) == (["红", "y"], {2: "malformed", 3: "malformed"})
    assert "bytes that are not in gbk" in log.rejects[0]["detail"]
    log = read_bytes("u,i,t\na,x,1\nb,y,2\n".encode("utf-16")[:-1])
    assert (log.items, log.reasons()) == (["x"], {2: "malformed"})
    alone = "u,i,t\na,x,1\n".encode("utf-16") + "b,".encode("utf-16-le") + b"\x00\xd8" + ",2\n".encode("utf-16-le")
    assert read_bytes(alone).reasons() == {2: "malformed"}
    assert read_bytes(b"u,i,t\na,\x81,1\nb,x,2\n", encoding="cp1252").reasons() == {1: "malformed"}


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (b"u,i,t\na,x,1\n", "utf-16", "no byte order mark, and is not in UTF-16"),
        (b"u,i,t\na,x,1\n", "utf-32", "is not in UTF-32"),
        ("u,i,t\na,x,1\n".encode("utf-16-le"), "utf-16-be", "is in UTF-16-LE; leave --encoding out"),
        ("u,i,t\na,x,1\n".encode("utf-16"), "utf-8", "is in UTF-16-LE; leave --encoding out"),
        ("u,i,t\na,x,1\n".encode("utf-16"), "cp1252", "is in UTF-16-LE; leave --encoding out"),
        ("u,i,t\na,é,1\n".encode("utf-8-sig"), "cp1252", "is in UTF-8; leave --encoding out"),
    ],
)
def test_a_file_that_is_certainly_in_another_encoding_is_refused(read_bytes, data, encoding, said):
    with pytest.raises(EventsError, match=said):
        read_bytes(data, encoding=encoding)


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "hex", "idna", "unicode_escape", "", "a\0b"])
def test_what_is_no_encoding_is_refused_by_name(name):
    with pytest.raises(ValidationError, match="is no encoding"):
        EventsConfig(encoding=name)


def test_names_of_an_encoding_are_one():
    assert EventsConfig(encoding="UTF8").encoding == EventsConfig(encoding="utf_8").encoding == "utf-8"
    assert EventsConfig(encoding="Windows-1251").encoding == codecs.lookup("cp1251").name


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 1000])
def test_a_guess_does_not_depend_on_where_blocks_end(size):
    for encoding, words in WORDS.items():
        if encoding.startswith(("utf-16", "utf-32")):
            continue
        data, guess = rows(words).encode(encoding), Guess()
        for at in range(0, len(data), size):
            guess.see(data[at : at + size])
        whole = guessed(io.BytesIO(data), None)
        assert (guess.encoding() is None) == (whole is None), encoding
