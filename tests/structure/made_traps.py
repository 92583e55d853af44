"""Small files of our own, one or more for every trap of structure, with the truth of each."""

from __future__ import annotations

from made_files import Text, docx, lines, page, paragraph, pdf, table

LONG = "All who visit wash their hands at the door, with water and soap, before they touch a child, and leave by eight."
DOORS = "The left column tells of the doors, which are open in the day."
NIGHT = "The right column tells of the night, when you ring the bell."

WORD = docx(
    paragraph("Our wards", style="H1"),
    paragraph("We are glad that you are here. Ask us whatever you like."),
    paragraph("When to come", bold=True),
    table([["Ward", "Visiting", "Rules"], ["Ward 3", "2 to 4 pm", "no children under 12"], ["Ward 4", "any time", ""]]),
    paragraph("What to bring", bold=True),
    paragraph("Please bring what your child loves."),
)
WORD_TRUTH = """H Our wards
T We are glad that you are here. Ask us whatever you like.
H When to come
R Ward 3: Visiting: 2 to 4 pm; Rules: no children under 12
R Ward 4: Visiting: any time
H What to bring
T Please bring what your child loves.
"""

WEB = page(
    "<h1>Washing hands</h1><p>Hands carry germs. Water takes them away.</p><h2>When should I wash them?</h2>"
    "<p>Always wash them:</p><ul><li>before you eat<li>after you were outside<ul><li>in the garden too</ul></ul>"
    "<p><b>At night</b></p><p>Tell the nurse<sup>1</sup> before you go.</p>"
    "<table><tr><th>Where<th>What<tr><td>Kitchen<td>soap<tr><td>Ward<td>rub</table>"
    "<h2>Read more</h2><ul><li><a href='/x'>Germs</a><li><a href='/y'>Soap</a></ul>"
)
WEB_TRUTH = """F Home
F Our wards
F We use cookies. Accept them?
H Washing hands
T Hands carry germs. Water takes them away.
H When should I wash them?
T Always wash them:
I before you eat
I after you were outside
I in the garden too
H At night
T Tell the nurse before you go.
R Kitchen: What: soap
R Ward: What: rub
F Read more
F Germs
F Soap
F Related pages
F Parking
F Copyright of the hospital
"""

ORDINALS = (
    "<p>Go on like this:</p><ol><li>Ring.</li><li>Wait for the nurse.</li></ol><h3>Zero to five years</h3><p>Sit.</p>"
)
STEPS = page(
    f"<h1>How to come in</h1>{ORDINALS}<h3>You may stay at night.</h3><p>There is a bed beside your child's.</p>"
)
STEPS_TRUTH = """F Home
F Our wards
H How to come in
T Go on like this:
I Ring.
I Wait for the nurse.
H Zero to five years
T Sit.
H You may stay at night.
T There is a bed beside your child's.
"""


def _foot(number: int, body: list[Text]) -> list[Text]:
    foot = (72.0, 40.0, 9.0, False, f"Hospital rules for all who visit, page {number} of 3")
    return [*body, foot, (300.0, 20.0, 9.0, False, str(number))]


PRINT = pdf(
    _foot(1, [(72, 780, 18, True, "Rules for visitors"), *lines(LONG[: LONG.index("before")], top=100)]),
    _foot(2, [*lines(LONG[LONG.index("before") :]), (72, 600, 13, True, "Please bring with you"),
              (72, 580, 11, False, "Bring these things:"),
              (72, 564, 11, False, "• slippers that close and that do not"),
              (84, 550, 11, False, "slide on the floor"), (72, 536, 11, False, "• a toy")]),
    _foot(3, [(72, 780, 13, True, "In a hurry?"), (72, 760, 11, False, "All visitors must disin-"),
              (72, 746, 11, False, "fect their hands at the door."), (72, 60, 11, True, ">60%")]),
)  # fmt: skip
PRINT_TRUTH = f"""H Rules for visitors
T {LONG}
H Please bring with you
T Bring these things:
I slippers that close and that do not slide on the floor
I a toy
H In a hurry?
T All visitors must disinfect their hands at the door.
F Hospital rules for all who visit, page 1 of 3
F Hospital rules for all who visit, page 2 of 3
F Hospital rules for all who visit, page 3 of 3
F 1
F 2
F 3
"""

COLUMNS = pdf(
    [(72, 780, 16, True, "Doors and nights"), *lines(DOORS, width=28), *lines(NIGHT, left=320, width=28)],
    [
        (72, 740, 11, False, "Contents"),
        *((72, 700 - 20 * n, 11, False, f"Part {n} {'.' * 40} {n}") for n in range(1, 6)),
    ],
)
COLUMNS_TRUTH = f"""H Doors and nights
T {DOORS}
T {NIGHT}
F Contents
F Part 1 ........................................ 1
F Part 2 ........................................ 2
"""

HOURS = pdf(
    [(72, 760, 16, True, "Hours"),
     *((left, 720.0, 11.0, True, said) for left, said in ((72.0, "Ward"), (220.0, "Open"), (400.0, "Rules"))),
     *((left, 700.0, 11.0, False, said) for left, said in ((72.0, "Ward 3"), (220.0, "2 to 4 pm"), (400.0, "ring"))),
     *((left, 680.0, 11.0, False, said) for left, said in ((72.0, "Clinic"), (220.0, "8 to noon"), (400.0, "knock"))),
     *lines(LONG, top=620)],
)  # fmt: skip
HOURS_TRUTH = f"""H Hours
R Ward 3: Open: 2 to 4 pm; Rules: ring
R Clinic: Open: 8 to noon; Rules: knock
T {LONG}
"""

NOTES = b"""---
title: Our ward
license: public domain
---
Our ward
========

##

### Hours

Ring [here](/bell) at the door. Someone comes.

Bring with you:

* slippers
    * with soles
* a toy

| Ward | Open |
| --- | --- |
| Three | 2 pm |
| Four | 3 pm |
"""
NOTES_TRUTH = """F title: Our ward
H Our ward
H Hours
T Ring here at the door. Someone comes.
T Bring with you:
I slippers
I with soles
I a toy
R Three: Open: 2 pm
R Four: Open: 3 pm
"""

PLAIN = b"""VISITING US

Come from two to four in the afternoon, and ring the bell at the
door of the ward, where a nurse will let you in.

What should I bring?
Bring with you:
- slippers
- a toy

AT NIGHT

One of you may stay. There is a bed.
"""
PLAIN_TRUTH = """H VISITING US
T Come from two to four in the afternoon, and ring the bell at the door of the ward, where a nurse will let you in.
H What should I bring?
T Bring with you:
I slippers
I a toy
H AT NIGHT
T One of you may stay. There is a bed.
"""

COVER = docx(
    *(paragraph(words, bold=True) for words in ("CITY HOSPITAL", "A guide for families", "By: Ward 3", "July 2026")),
    paragraph("Chicago, Illinois", bold=True),
    paragraph("Why this guide", bold=True),
    paragraph("You asked us for it. Here it is."),
)
COVER_TRUTH = """H CITY HOSPITAL
H A guide for families
T By: Ward 3
T July 2026
T Chicago, Illinois
H Why this guide
T You asked us for it. Here it is.
"""

MORE = f"{LONG} {DOORS} {NIGHT}"
POSTER = pdf(
    [(72, 790, 18, True, "Children and cancer"), *lines(MORE, top=760),
     (72, 680, 14, True, "children come to us each year"), *lines(DOORS, top=655),
     (72, 600, 14, True, "Fig. 1: Who comes when"), *lines(NIGHT, top=575),
     (72, 520, 14, True, "“We are here for you,”"), *lines("says the nurse of the night.", top=495),
     (72, 460, 8, False, "Photo credit: Ann Other"), (72, 420, 14, True, "What we do"), *lines(MORE, top=395),
     (72, 310, 14, True, "https://example.org/ward"), *lines(LONG, top=285)],
)  # fmt: skip
POSTER_TRUTH = f"""H Children and cancer
T {MORE}
T children come to us each year
T {DOORS}
T Fig. 1: Who comes when
T {NIGHT}
T “We are here for you,”
T says the nurse of the night.
F Photo credit: Ann Other
H What we do
T {MORE}
T https://example.org/ward
T {LONG}
"""

TRAPS = (
    ("cover.docx", COVER, COVER_TRUTH),
    ("poster.pdf", POSTER, POSTER_TRUTH),
    ("word.docx", WORD, WORD_TRUTH),
    ("web.html", WEB, WEB_TRUTH),
    ("steps.html", STEPS, STEPS_TRUTH),
    ("print.pdf", PRINT, PRINT_TRUTH),
    ("columns.pdf", COLUMNS, COLUMNS_TRUTH),
    ("hours.pdf", HOURS, HOURS_TRUTH),
    ("notes.md", NOTES, NOTES_TRUTH),
    ("plain.txt", PLAIN, PLAIN_TRUTH),
    ("plain-utf16.txt", PLAIN.decode().encode("utf-16"), PLAIN_TRUTH),
)
"""Each file's name, its bytes and its truth."""
