"""The sample newsroom of ``newsletter demo``: sixty invented papers in arXiv's API form, topics and readers.

Every title, author, abstract and number in here is made up; the ids (2611.9xxxx) are beyond what arXiv has
given out. ``week.xml`` is one answer of the API: twelve papers on each of the five announcement days
16 to 20 November 2026. ``revisions.xml`` is a later answer with a second version of one of them and the
withdrawal of another. ``newsroom.toml`` names topics and readers. Reading and loading them is the demo's.
"""
