from __future__ import annotations

import pytest

from proxy.core.parity.formats.decode import Undecodable
from proxy.core.parity.formats.markup import html_tokens, read_xml

BOMB = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'


def test_xml_that_says_the_same_is_the_same() -> None:
    """Attributes in any order, empty elements in any form, prefixes of any name, comments and indentation."""
    one = '<?xml version="1.0"?>\n<p:a xmlns:p="urn:x" c="2" b="1"><p:d/><!-- no --></p:a>'
    other = "<a xmlns='urn:x' b='1' c='2'>\n  <d></d>\n</a>"

    assert read_xml(one) == read_xml(other)
    assert read_xml(one) != read_xml(other.replace("urn:x", "urn:y"))


def test_an_xml_tree() -> None:
    """Elements by name in lists, attributes and texts apart."""
    text = '<feed id="7">hi<entry>a</entry><entry n="1"/>there</feed>'

    assert read_xml(text).tree == {"feed": {"@id": "7", "entry": ["a", {"@n": "1"}], "#text": ["hi", "there"]}}
    assert read_xml("<a>x<b></b></a>").tree == {"a": {"b": [""], "#text": "x"}}


def test_the_order_of_elements_and_texts_is_kept() -> None:
    """Two documents with one tree may still say things in another order."""
    one, other = (read_xml(f"<a>{inner}</a>") for inner in ("<b/>x<c/>", "<b/><c/>x"))

    assert one.tree == other.tree
    assert one.order != other.order


@pytest.mark.parametrize(
    "text", [BOMB, '<!DOCTYPE a [<!ATTLIST a b CDATA "c">]><a/>', '<!DOCTYPE a SYSTEM "f" [ ]><a/>', "<!ENTITY a>"]
)
def test_declarations_are_refused(text: str) -> None:
    """No entity is ever expanded."""
    with pytest.raises(Undecodable):
        read_xml(text)


def test_names_are_local_and_namespaces_are_members() -> None:
    """A path names what the document names; an attribute of two namespaces keeps the second one's."""
    text = '<a xmlns="urn:x" xmlns:q="urn:q" b="1" q:b="2"><c/><q:d>e</q:d></a>'

    assert read_xml(text).tree == {
        "a": {
            "@xmlns": "urn:x",
            "@b": "1",
            "@{urn:q}b": "2",
            "c": [""],
            "d": [{"@xmlns": "urn:q", "#text": "e"}],
        }
    }


def test_a_plain_document_type_is_fine_and_bad_xml_is_none() -> None:
    """A name alone declares nothing; a cut document is no document."""
    assert read_xml("<!DOCTYPE a><a/>").tree == {"a": ""}
    with pytest.raises(ValueError, match="no element found"):
        read_xml("<a>")


def test_bottomless_xml_is_refused() -> None:
    """A tree is read to a depth of some hundreds."""
    with pytest.raises(Undecodable, match="nested"):
        read_xml("<a>" * 300 + "</a>" * 300)


def test_html_tokens() -> None:
    """Tags with sorted attributes, texts with white space run together except where it shows; no comments."""
    text = "<!DOCTYPE  HTML><P b=1 a>Hi \n&amp; <!-- x -->you</p><br/><pre> a\n b</pre></pre> "

    assert html_tokens(text) == [
        "<!doctype html>",
        '<p a="" b="1">',
        "Hi &",
        "you",
        "</p>",
        "<br>",
        "</br>",
        "<pre>",
        " a\n b",
        "</pre>",
        "</pre>",
    ]
