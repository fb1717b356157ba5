"""Pages made by hand: what they say of themselves, above and below the text, is not the author's prose."""

import pytest

from tests.curate.read.makers import read_made

TEXT = (
    "I kept bees for eleven years on a roof that was not mine, and the landlord found out only when he was given a jar.",
    "He ate it. Then he asked how many there were, and I said that I had never been introduced to all of them.",
    "In the last winter the wind took two hives over the edge, and nobody below was hurt, because it was a Sunday.",
)
PROSE = "\n<P>".join(TEXT)
PLAIN = f"""<HTML><HEAD><TITLE>Bees</TITLE></HEAD><BODY><CENTER><FONT SIZE=+2>The roof</FONT><BR>
<FONT SIZE=1>You are the <IMG SRC="/cgi-bin/count">th visitor since May 1998</FONT></CENTER><HR><P>{PROSE}<HR>
<CENTER><FONT SIZE=1>[ <A HREF="/p">Prev</A> | <A HREF="/r">Random</A> | <A HREF="/n">Next</A> ]<BR>
This Bee WebRing site is owned by Ada Mill<BR>Page best viewed at 800x600<BR>
<A HREF="gb.html">Sign my guestbook</A> - <A HREF="vgb.html">View my guestbook</A><BR>Last updated: May 3, 1999</FONT></CENTER></BODY></HTML>"""
GERMAN = f"""<html><head><title>Bienen</title></head><body><table><tr><td>{PROSE}</td></tr></table>
<p align=center>Sie sind Besucher Nr. <img src=z.gif> seit dem 1.1.1999<br>Diese Seite ist optimiert für Netscape 4
<br>Letzte Änderung: 12.3.2001</p><p><a href=g.htm>Ins Gästebuch eintragen</a></p><p>Webmaster: Ada Mühle</p></body></html>"""
FRENCH = f"""<html><head><title>Abeilles</title></head><body><p><a href=a.htm>Accueil</a> <a href=b.htm>Photos</a></p><p>{PROSE}
<hr><p>Site optimisé pour Internet Explorer, résolution 1024x768</p><p>Dernière mise à jour le 4 juin 2002</p>
<p>Vous êtes le <b>1204</b>e visiteur</p><p><a href=lo.htm>Signez mon livre d'or</a> | <a href="mailto:a@b.example">Contact</a></p></body></html>"""
MODERN = f"""<!doctype html><title>bees</title><body><h1>The roof</h1><p>{PROSE}
<p>made by hand with vim and spite. last edited 2024-11-02. <a href=/>back to the index</a></p>
<p><a href=https://ring.example/prev>←</a> part of the small bees webring <a href=https://ring.example/next>→</a></p></body>"""
MIDDLE = f"""<html><title>Bees</title><body><p>{TEXT[0]}<p><a href=/ring>The Bee Ring: join this web ring</a><p>{TEXT[1]}<p>{TEXT[2]}
<p>Thanks for stopping by! This page has been accessed 1,204 times.</body></html>"""


@pytest.mark.parametrize(("data", "words"), [
    (PLAIN, ["visitor", "Random", "WebRing", "800x600", "guestbook", "updated"]),
    (GERMAN, ["Besucher", "optimiert", "Änderung", "Gästebuch", "Webmaster"]),
    (FRENCH, ["optimisé", "mise à jour", "visiteur", "livre d'or", "Accueil"]),
    (MODERN, ["vim", "2024-11-02", "webring", "index"]),
    (MIDDLE, ["web ring", "accessed"]),
])  # fmt: skip
def test_what_a_page_says_of_itself_is_left_out_by_name(data, words, tmp_path):
    document = read_made(tmp_path, "a.html", data)
    assert all(each in document.text for each in TEXT)
    left_out = " ".join(each.text for each in document.left_out)
    assert [word for word in words if word in document.text or word not in left_out] == []


@pytest.mark.parametrize("line", [
    "I signed the guest book and left before anybody could read it.", "My last visitor was a wasp.", "Nobody asked me for honey again.",
    "He was the best viewer of bees I ever met.", "The visitors had gone by then.", "Next came the rain.", "Questions came, and I had no answer.",
    "I mail a jar to my sister every year, and she sends it back empty.", "Created by wind, my hive was a ruin.", "Back to the roof I went.",
    "You are the last person I told.", "Last May changed my mind.", "Copyright is a word that bees don't know.",
])  # fmt: skip
def test_the_last_words_of_an_author_stay(line, tmp_path):
    data = f"<html><head><title>Bees</title></head><body><center><b>The roof</b></center><p>{PROSE}<p>{line}</body></html>"
    assert line in read_made(tmp_path, "a.html", data).text
