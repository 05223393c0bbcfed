"""Words a claim may not use, or only where its quote does: tables for ``checks.py``."""

from __future__ import annotations

import re

MARKUP = re.compile(
    r"""https?:|www\.|\b[\w-]+\.(?:com|org|io|net|ai|edu|gov|cn)\b|\S@\S+\.\w
    |</?[A-Za-z!][^>]*>|&(?:[A-Za-z]+|\#\w+);
    |\[[^\]]*\]\(|\*\*|`|^\s*(?:\#{1,6}\s|[-*+]\s|\d+[.)]\s)|!\[
    |\\[A-Za-z]+|\$(?!\d[\d.,]*[KMB]?\ )[^$]+\$|[_^]\{|[{}]
    |[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]
    """,
    re.VERBOSE,
)
"""Links, HTML, Markdown, TeX and control characters: only plain text reaches a reader."""

CHATTER = re.compile(
    r"""\b(?:as\ an?\ (?:ai|language\ model)|i\ (?:am|can(?:not|['’]t)|will|have)\b|i['’]m
    |here\ (?:is|are)\ (?:the|a|your)
    |sure[,!]|certainly[,!]|of\ course[,!]|ignore\ (?:all|any|previous|prior|your)[ ]
    |(?:if|when)\ available,?\ fill|hope\ (?:this|it)\ helps|please\ note
    |to\ be\ (?:confirmed|determined|added)|lorem\ ipsum|xxx+|tbd\b|n/a\b|begin\ paper|end\ paper
    |(?:click|visit|subscribe|sign\ up|contact\ us)\b|\byou(?:r|rs)?\b)
    |作为(?:一个)?(?:人工智能|AI|语言模型)|以下是|以上(?:是|内容)|当然[，,！]|好的[，,！]|待(?:确认|补充|定)
    |(?:如有|如果有|若有).{0,4}(?:填写|请|则填|链接)|请(?:点击|访问|订阅|忽略|注意)|您|论文链接|链接地址|希望能?够?对
    |(?:未|没有|并未)(?:具体|明确|详细)*(?:提及|提到|说明|给出|提供|阐述|列出)|无法(?:获取|准确评估|确定)
    |(?:is|are|was|were)?\ ?not\ (?:stated|mentioned|specified|disclosed)\ in\ the\ (?:abstract|paper|text)
    |no\ (?:figures|details|numbers)\ (?:are\ |were\ )?(?:given|provided|stated)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Assistant talk, remnants of a prompt, orders to the reader, and "not stated", which is no sentence."""

FILLER = re.compile(r"\b(?:placeholder|download|log in|fill in)\w*", re.IGNORECASE)
"""Remnants of a form, unless the quote speaks of such a thing itself."""

FACTS = re.compile(
    r"""\b(?:accepted\ (?:by|at|to|in|for)|(?:un|not\ yet\ )published|published\ (?:in|at|by)
    |to\ appear\ (?:in|at)|under\ review|submitted\ to|arxiv)\b
    |(?:尚未|还未|未|已|公开)(?:正式|公开)*发表|被.{1,30}(?:接收|录用)|审稿中|投稿""",
    re.VERBOSE | re.IGNORECASE,
)
"""Venue and publication: arXiv's comment and journal-ref state them, and a model has no say."""
OF_PUBLISHING = re.compile(r"publish|accept|submi|review|appear|arxiv", re.IGNORECASE)
"""A quote that speaks of such things itself, in a paper about papers."""

CHINESE_PEOPLE = re.compile(r"等人|等学者|等作者|教授|博士(?![生后])|[\u4e00-\u9fff]{2,3}[（(][A-Z]")
"""People by Chinese names, which no English source prints."""
CHINESE_PLACES = re.compile(r"大学|学院|研究院|研究所|实验室|公司")
INSTITUTIONS = re.compile(
    r"universi|institut|college|school|laborator|\blabs?\b|academy|compan|corporation", re.IGNORECASE
)


def _kin(claimed: str, quoted: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(claimed, re.IGNORECASE), re.compile(quoted, re.IGNORECASE)


_LEADING = r"state[- ]of[- ]the[- ]art|\bSOTA\b|\bbest\b|\bleading\b"
_EXTREME = rf"{_LEADING}|\btop\b|(?:high|low|fast|strong|larg|small)est|optimal|maximal|minimal|perfect"
_COMPARED = r"(?:high|low|few|fast|small|larg|strong|long|short|clos|near|rar|great)e?r|more|less|better"
_BETTER = (
    rf"outperform|surpass|exceed|\bbeat|superior|\bwin|advantage|prefer|better|(?:{_COMPARED})\s[^,.;]*?than"
    r"|(?:improv|gain|increas|boost)\w*[^.;]*?\b(?:over|upon|compared|against)\b|\bagainst\b"
    r"|(?:higher|lower)\s[^.;]*?compared|above baseline"
)
_MUCH = (
    r"significan|substantial|dramatic|drastic|considerabl|marked|notabl|strong|\blarge\b|\bgreat\b|much|far\b"
    r"|orders? of magnitude"
)
_SURE = (
    r"always|every|\ball\b|\bany\b|never|guarante|\bprov|proof|theorem|complete|entire|full|perfect|eliminat"
)
_COUNTED = r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\d)"
_ALL = (
    r"\b(?:all|each|every\w*|both|any|no|never|always|throughout|in total)\b"
    r"|entire|whole|complete|\bfull|\b(?:uniform|consistent|universal)"
)
_WHOLLY = r"complet|entire|full|perfect|whol|total|\ball\b|every|\bno\b|never|without|zero|100"
_GONE = r"eliminat|remov|\bno\b|without|\bfree\b|zero|avoid|prevent|resolv|\brid\b|-free|obviat|vanish"
_LIMIT = r"\bmax|\bmin|\bmost\b|\bleast\b|\bup to\b|limit|record|unmatched|unprecedented"
_OUTSIDE = r"\broad|\bfield\b|deploy|physical|hardware|in production|on-board|clinic|hospital|launch"
_PROOF = r"\bprov|proof|theorem|lemma|\bshown? (?:that|to)\b|establish"
_FLAWLESS = (
    r"\bwithout (?:any )?(?:errors?|mistakes?|fail\w*|loss\w*|degradation|exceptions?)"
    r"|\b(?:error|flaw|fault|loss)-?(?:free|less)\b|\bflawless|\binfallib|零(?:错误|失误|误差)|(?:没有|毫无|无任?何?)(?:错误|失误|差错)|无损"
)
_KEPT_WHOLE = (
    r"\bwithout|\bno\b|\bzero|\bfree|less\b|\bperfect|100|\bnever|\bnone|\bavoid|preserv|\bexact|retain"
    r"|maintain"
)
_EQUALS = (
    r"\b(?:perform|work|do(?:es)?|did|fare|scor|generali[sz]|rank)\w*(?:\s\w+){0,2}? as well as\b"
    r"|\bjust as (?:well|good)|\bas (?:good|accurate\w*|fast|strong|reliabl[ey]|efficient\w*|safe\w*) as\b"
    r"|\bon (?:a )?par with\b|\bno worse than\b|媲美|不相上下|不逊|持平"
)
_ALIKE = (
    r"\bas \w+ as\b|\bpar\b|\bparity|compar|match|equal|equival|\bsame\b|similar|rival|compet|no worse"
    r"|indistinguish|approach\w* (?:that|the)|close to|reach"
)
_CAUSE = (
    r"caus|\bleads?\b|\bled\b|because|due to|results? in|so that|\bhence|therefore|driv|\bso\b|since|induc"
    r"|trigger|yield|explain|owing|mak(?:e|es|ing)\b|account"
)

KIN = (
    _kin(
        r"\bfirst\b(?! (?:stage|step|phase|order|layer|task|and|author|half|part|two|three|second|pass"
        r"|ten|five|four|few|\d+))"
        r"(?!,)(?!-(?!ever|of))|\bfirst and \w+est\b|首次|首个|首创|首款|率先|第一个|第一种",
        r"\bfirst\b",
    ),
    _kin(r"state[- ]of[- ]the[- ]art|\bSOTA\b|最先进|业界领先|当前最[优佳好]", _LEADING),
    _kin(r"\bbest\b|最佳|最好|最优", _EXTREME),
    _kin(r"最高", rf"{_EXTREME}|\bup to\b|\bmax|\bas (?:much|many|high) as\b"),
    _kin(
        r"\b(?:outperform|surpass|exceed|beat)\w*|\bbetter than\b"
        r"|超越|超过(?!\s*\d)|优于|胜过|好于|高于(?=[^\d]{4})",
        _BETTER,
    ),
    _kin(
        r"\bonly (?:when|if)\b|只有(?![\s\d一二三四五六七八九十两百])|仅当|只在",
        r"\bonly\b|\bsole|exclusiv|\bjust\b|limited|mere|unless",
    ),
    _kin(r"\b(?:unique|only) (?:method|model|approach|dataset|one)\b|唯一", r"unique|\bonly\b|\bsole\b"),
    _kin(r"\b(?:significant|substantial|dramatic|drastic|considerabl)\w*|显著|大幅|极大", _MUCH),
    _kin(r"\b(?:always|guarantee\w*|perfect(?:ly)?)\b", _SURE),
    _kin(
        rf"\b(?:all(?! (?:of )?(?:the |these |its )?{_COUNTED})(?![-,])|across the board)\b|所有|全部", _ALL
    ),
    _kin(
        r"\bevery\b|\b(?:on|in|at|for|of|over|under|across) each\b|每一?(?:个|项|种|类|篇|条|名|位|次)",
        rf"{_ALL}|\bper\b(?! second)|-(?:level|wise)\b",
    ),
    _kin(r"\b(?:completely|entirely|fully|wholly|totally)\b|(?<![法不未能])(?:完全(?!不)|彻底)", _WHOLLY),
    _kin(r"\beliminat(?:e|es|ed|ing)\b|消除|杜绝", _GONE),
    _kin(r"\b(?:among|of|across|over|than)\s+all\b", r"\b(?:all|every|each|any|both|across|overall)\b"),
    _kin(
        r"\b(?:fast|larg|small|strong|short|cheap|simpl|broad|wid|deep|great|long|high|low)est\b"
        r"|最(?:[大快慢强弱广深长短高低](?!化)|小的)",
        rf"{_EXTREME}|{_LIMIT}|\b(?:short|cheap|simpl|broad|wid|deep|great|long|weak|slow)est\b",
    ),
    _kin(
        r"\b(?:road|field) (?:tests?|trials?)\b|\breal (?:users?|vehicles?|hospital\w*|patients?)\b"
        r"|\bdeploy(?:ed|ments?)\b|\bin production\b|实车|实地|真实用户|已部署",
        rf"{_OUTSIDE}|real (?:users?|vehicles?|robots?|patients?)|real-world (?:test|trial|experiment|driv)",
    ),
    _kin(r"\bprove[sd]?\b", _PROOF),
    _kin(_FLAWLESS, _KEPT_WHOLE),
    _kin(_EQUALS, _ALIKE),
    _kin(r"总是|始终|永远|保证", rf"{_SURE}|\bat all\b"),
    _kin(r"证明", rf"{_PROOF}|demonstrat|verif|confirm|\bshow|evidence"),
    _kin(r"\bcaus(?:e|es|ed|ing)\b|导致|引起|造成|引发", _CAUSE),
    _kin(r"\bhours?\b|小时", r"\bhours?\b|\bh\b|\bhrs?\b"),
    _kin(r"\bminutes?\b|分钟", r"\bminutes?\b|\bmins?\b"),
    _kin(r"\bdays\b|天(?=[内后前])", r"\bdays?\b"),
    _kin(r"\bweeks?\b|星期|周(?=[内后前])", r"\bweek"),
    _kin(r"\bdaily\b|每日|每天", r"\bdail|\bday"),
    _kin(r"\bweekly\b|每周", r"\bweek"),
    _kin(r"\bmonthly\b|每月", r"\bmonth"),
    _kin(r"\b(?:yearly|annual(?:ly)?)\b|每年", r"\byear|\bannual"),
)
"""(what a claim says, what its quotes must then say too), in both languages."""

_RELEASE = r"\breleas|\bavailab|open[- ]sourc|\bpublic|\bshared\b|公开|开源|发布|可用"
_CONDITIONS = tuple(
    tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    for patterns in (
        (_RELEASE, r"\b(?:acceptance|publication|accepted)\b", r"\b(?:accept|publication)|录用|接收|发表"),
        (
            _RELEASE,
            r"\b(?:will|to) (?:\w+ )?(?:be|releas|open)",
            r"\b(?:will|to be|soon|plan|future|upon|promise)|将|会|即将|计划",
        ),
    )
)
"""(what a claim speaks of, a condition its quotes set, what then stands in the claim)."""


def drops_condition(claim: str, quoted: str) -> bool:
    """Say whether ``claim`` leaves out a condition under which alone ``quoted`` promises something."""
    return any(
        spoken.search(claim) and condition.search(quoted) and not kept.search(claim)
        for spoken, condition, kept in _CONDITIONS
    )
