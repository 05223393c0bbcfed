"""The mail in Simplified Chinese.

Full-width punctuation; a space between Han and Latin; number and measure word held together by a no-break
space. The opening is phrased as Chinese says it, not after the English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType

from newsletter.core.arxiv.figures import ShownFigure, licence_name
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Change, Revision
from newsletter.core.delivery.cadence import Cadence
from newsletter.core.digests.digest import CardWhy, Digest, Learned
from newsletter.core.digests.message import placeholder
from newsletter.core.digests.selection import WhyCode
from newsletter.core.digests.typography import NO_BREAK, AuthorLine, cut, short_name
from newsletter.core.summaries.paper_kinds import PaperKind, Part
from newsletter.core.summaries.summary import DetailLevel
from newsletter.languages.zh_Hans.cadences import WEEKDAYS, in_words

_HEADS = {Part.PROBLEM: "问题", Part.METHOD: "方法", Part.RESULTS: "结果", Part.LIMITS: "局限"}
_OWN_HEADS = {
    (PaperKind.DATASET, Part.METHOD): "构建过程",
    (PaperKind.DATASET, Part.RESULTS): "内容与结果",
    (PaperKind.SURVEY, Part.PROBLEM): "背景",
    (PaperKind.SURVEY, Part.METHOD): "涵盖范围",
    (PaperKind.SURVEY, Part.RESULTS): "发现",
    (PaperKind.THEORY, Part.METHOD): "设定与证明",
    (PaperKind.POSITION, Part.PROBLEM): "背景",
    (PaperKind.POSITION, Part.METHOD): "立场与论据",
    (PaperKind.POSITION, Part.RESULTS): "影响",
    (PaperKind.SYSTEM, Part.METHOD): "设计",
    (PaperKind.SYSTEM, Part.RESULTS): "评测",
}
_SMALL = "零一两三四五六七八九十"
_WHY_NO_SUMMARY = {
    "late": "概述未能及时完成",
    "daily_cap": "今天的概述额度已用完",
    "withheld": "概述因读者指出错误已撤下",
}
_WHY_NO_READING = {
    "no_full_text": "未能读取全文",
    "no_model": "导读需要模型撰写，本服务未使用模型",
    "late": "导读未能及时完成",
    "incomplete": "导读中有的部分缺乏原文依据",
}
_TEXTS = {Change.TITLE: "标题", Change.ABSTRACT: "摘要"}
_VENUES = {Change.ACCEPTED: "已被 {} 接收", Change.PUBLISHED: "已发表于 {}"}
LONGEST_KEPT = 46
"""Characters of the title of a paper that a why line names."""
LONGEST_PLACE = 60


class MailWords:
    lang = "zh-Hans"
    labels: Mapping[str, str] = MappingProxyType(
        {
            "read_on": "详读",
            "pdf": "PDF",
            "code": "代码",
            "project": "项目",
            "not_stated": "论文未提及。",
            "no_numbers": "摘要中没有数字。",
            "listed": "按标题",
            "near": "主题之外",
            "near_note": "你的主题没有要这些论文，但它们接近你收藏的内容。",
            "revised": "读过的论文有更新",
            "what_changed": "改动",
            "save": "收藏",
            "more": "多推这类",
            "less": "不感兴趣",
            "taste": "查看或撤销",
            "feedback": "收藏、多推这类、不感兴趣",
            "first": "你的第一期文摘，怎样阅读",
            "first_paper": "论文自己的话排成 ",
            "first_like": "like this",
            "first_we": "，我们的说明排成这样。引文中的",
            "first_marked": "即标黄的部分，是我们这句话的依据。",
            "first_text": "引号“ ”内是论文原文，也是我们每句话的依据。",
            "first_acts": "收藏、多推这类、不感兴趣会影响今后的排序。不记录打开，也不记录点击。",
            "own_words": "以下为摘要原句，省略处以“…”标明，未经模型改写。",
            "figures": "图片出自各篇论文，已缩小；许可见论文页面。",
            "not_complete": "尚不完整。",
            "correction": "更正。",
            "announcement": "来自管理员。",
            "correction_link": "更正后的概述",
            "taken_down": "您收到的“{title}”的概述有误，现已撤回。",
            "amended": "“{title}”的概述中有一句话有误，现更正为：{text}",
            "announcement_link": "详情",
            "widen_before": "太安静了？可以",
            "widen": "放宽主题",
            "widen_after": "，或另加一个。",
            "preferences": "主题与时间",
            "saved": "我的收藏",
            "browser": "在浏览器中查看",
            "unsubscribe": "退订",
            "unsubscribe_topic": "或只退订其中一个主题",
            "source": "论文元数据来自 arXiv；arXiv 未审阅本邮件，亦不为其背书。",
            "colon": "：",
            "full_stop": "。",
            "gap": "",
        }
    )

    def service(self, name: str) -> str:
        return "arXiv 文摘" if name == "arXiv digest" else name

    def day(self, day: date) -> str:
        return f"{_n(day.year, '年')} {_n(day.month, '月')} {_n(day.day, '日')}"

    def period(self, digest: Digest) -> str:
        end = digest.slot_date
        start = end - timedelta(days=digest.covers_days)
        if digest.covers_days <= 1:
            return f"{self.day(end)}，{WEEKDAYS[end.weekday()]}"
        if digest.covers_days == 7:
            return f"{self.day(start)}当周"
        return self._span(start, end)

    def subject(self, *, title: str, more: int, is_short: bool) -> tuple[str, str]:
        return short_name(title, limit=24 if is_short else 40), f" 等 {more + 1} 篇" if more else ""

    def quiet_subject(self, digest: Digest, *, topics: Sequence[str]) -> str:
        if digest.knows_nothing:
            period = _period_word(digest)
            return f"{period} arXiv 的答复不完整" if digest.is_half_answered else f"{period}未能连接 arXiv"
        return (
            f"{'、'.join(topics)}暂无新论文" if topics else f"{_period_word(digest)}没有符合你的主题的新论文"
        )

    def first_of(self, number: int) -> str:
        return f"{_count(number)}篇之首"

    def front(self, number: int) -> str:
        return f"另外{_count(number)}篇，各一句话"

    def share(self, shown: int, total: int) -> tuple[str, str, str]:
        return "", f"{total:,}", f"{NO_BREAK}篇中的 {_n(shown, '篇')}"

    def statistic(self, digest: Digest, *, in_full: int, is_last: bool) -> str:
        total, scanned = digest.matched, max(digest.scanned, digest.matched)
        if not total:
            return ""
        matched = f"{_period_word(digest)}新论文 {scanned:,}{NO_BREAK}篇，{total:,}{NO_BREAK}篇符合你的主题"
        rest, places = total - digest.summarised, []
        if is_last:
            places = [f"这{_count(digest.summarised)}篇为你排在最前"] if rest else []
        elif in_full == digest.summarised:
            places = [f"这{_count(in_full)}篇下文有详细摘要"]
        else:
            places = [f"这{_count(digest.summarised)}篇中{_count(in_full)}篇下文有详细摘要"]
        if rest:
            listed = len(digest.listed)
            by_title = "在文末按标题列出" if listed == rest else f"中{_count(listed)}篇按标题列出"
            places.append(f"其余 {_n(rest, '篇')}{by_title}")
        return f"{matched}：{'，'.join(places)}。" if places else f"{matched}。"

    def asides(self, digest: Digest) -> tuple[str, ...]:
        found = []
        if digest.empty_dates:
            found.append(f"{self._days(digest.empty_dates)}没有符合你的主题的论文。")
        if digest.reduced:
            found.append(
                f"邮件过长会被截断，因此有 {_n(digest.reduced, '篇')}的内容少于你的设定；其余见论文页面。"
            )
        return tuple(found)

    def shortfall(self, number: int, *, lacks: DetailLevel | None, reason: str) -> str:
        papers = f"有 {_n(number, '篇')}"
        if lacks is None:
            return f"{_WHY_NO_SUMMARY.get(reason, '没有可用的概述')}，{papers}为作者原文。"
        if lacks is DetailLevel.READING:
            return f"{_WHY_NO_READING.get(reason, '没有完整的导读')}，{papers}以较短的形式呈现。"
        return f"{papers}只列出一句话结论：没有其他要点能以原文为据。"

    def not_complete(self, digest: Digest) -> str:
        found = []
        if digest.failed_gathers:
            days = self._days(digest.failed_gathers)
            found.append(f"{days}未能从 arXiv 取得论文，当日的可能有缺，之后补上。")
        if digest.doubtful_gathers:
            days = self._days(digest.doubtful_gathers)
            found.append(f"{days} arXiv 的答复不完整，当日的论文可能有缺，之后收到的会补上。")
        if digest.unasked_dates:
            found.append(f"{self._days(digest.unasked_dates)}未能连接 arXiv，因此没有邮件。")
        if digest.half_answered_dates:
            days = self._days(digest.half_answered_dates)
            found.append(f"{days} arXiv 的答复不完整，因此没有邮件。")
        return "".join(found)

    def quiet(self, digest: Digest, *, topics: Sequence[str]) -> tuple[str, str]:
        period = _period_word(digest)
        if digest.knows_nothing:
            how = "的答复不完整" if digest.is_half_answered else "未能连接"
            return (
                f"arXiv {period}{how}，尚不知道有哪些新论文。",
                "下一期照常发送，其间的新论文会收录在内。",
            )
        if not digest.scanned:
            known = "暂未见更新" if digest.may_lack_papers else "没有更新"
            what = f"{period}你关注的领域{known}。"
        else:
            what = f"{'、'.join(topics) if topics else '你的主题'}，{period}没有新论文。"
        start = digest.slot_date - timedelta(days=digest.covers_days)
        when = f"{self._span(start, digest.slot_date)}" if digest.covers_days > 1 else period
        compared = f"{when}，{digest.scanned:,}{NO_BREAK}篇新论文与你的主题比对过。" if digest.scanned else ""
        last = f"上一次有符合的论文是 {self.day(digest.last_match)}。" if digest.last_match else ""
        return what, compared + last or "下一期照常发送。"

    def authors(self, line: AuthorLine) -> tuple[str, str]:
        rest = line.total - len(line.names)
        if line.is_collaboration:
            return ", ".join(line.names), f"{NO_BREAK} {_n(line.total, '位作者')}" if line.total else ""
        if len(line.names) == 1:
            return line.names[0], f" 等 {_n(line.total, '人')}" if rest else ""
        if not rest:
            return ", ".join(line.names), ""
        return " … ".join(line.names), f"{NO_BREAK} {_n(line.total, '位作者')}"

    def where(self, place: str) -> str:
        if place in ("abstract", "title"):
            return "引自标题" if place == "title" else ""
        section = f"“{cut(place, limit=LONGEST_PLACE)}”" if place else "正文"
        return f"引自{section}"

    def figure(self, number: str) -> str:
        return f"图{NO_BREAK}{number}"

    def credit(self, figure: ShownFigure, *, paper: PaperRecord) -> str:
        several = f"{paper.authors[0]} 等" if len(paper.authors) > 2 else "、".join(paper.authors)
        source = f"{self.figure(figure.number)}，引自 {paper.title}"
        licence = licence_name(figure.licence_url).replace("arXiv licence", "arXiv 许可")
        return "，".join(filter(None, (source, several, licence, "尺寸已调整")))

    def head(self, part: Part, *, kind: PaperKind) -> str:
        return _OWN_HEADS.get((kind, part), _HEADS[part])

    def withheld(self, number: int) -> str:
        return f"{_n(number, '条')}结论因缺乏依据未采用。" if number else ""

    def why_chosen(self, why: CardWhy) -> str:
        if why.code is WhyCode.FOLLOWS:
            return f"你关注了 {why.author}。"
        if why.code is WhyCode.NAMESAKE:
            return f"你关注了 {why.author}；这里也可能是同名的另一位作者。"
        if why.code is WhyCode.BREADTH:
            return "为拓宽视野：从其余匹配论文中随机选出。"
        terms = "、".join(why.terms)
        if why.title:
            return f"因为你收藏了《{short_name(why.title, limit=LONGEST_KEPT)}》：{terms}。"
        return f"因为你收藏的内容：{terms}。"

    def happened(self, revision: Revision) -> str:
        if revision.is_gone:
            return "已被 arXiv 撤下" if Change.REMOVED in revision.changes else "作者已撤稿"
        texts = "和".join(_TEXTS[change] for change in revision.changes if change in _TEXTS)
        parts = [f"第 {_n(revision.version, '版')}：{texts}有改动"] if texts else []
        parts += [_VENUES[change].format(revision.venue) for change in revision.changes if change in _VENUES]
        return "；".join(parts)

    def learned(self, learned: Learned) -> str:
        acts = (
            (learned.saved, "收藏了 {}"),
            (learned.more, "要求多推与 {}相似的论文"),
            (learned.less, "对 {}表示不感兴趣"),
        )
        said = "，".join(form.format(_n(number, "篇")) for number, form in acts if number)
        return f"上一期以来，你{said}；以上排序已据此调整。"

    def and_more(self, number: int) -> str:
        return f"另有 {_n(number, '篇')}，见标题列表"

    def who_wrote(
        self,
        writers: Sequence[tuple[str, tuple[date, ...]]],
        *,
        claims: int,
        withheld: int,
        in_words: bool,
    ) -> str:
        if not writers:
            return "仅供初筛，请勿引用。"
        authors = "，".join(f"由 {model} 于 {self._when(days)}撰写" for model, days in writers)
        how = "逐条核对" if in_words else "核对引文、数字、链接和标记（措辞未经核对）"
        held = f"，{_n(withheld, '条')}未采用" if withheld else ""
        return (
            f"衬线字体的句子出自论文，标黄处即结论依据。其余句子{authors}并{how}："
            f"{_n(claims, '条')}成立{held}。结论与引文是否一致请自行判断。仅供初筛，请勿引用。"
        )

    def cadence(self, digest: Digest) -> str:
        at = f"{digest.at}（{digest.timezone}）"
        return f"{in_words(Cadence.parse(digest.cadence))} {at}" if digest.cadence else at

    def why(self, digest: Digest) -> tuple[str, ...]:
        first = f"本邮件于{placeholder('cadence')}发送至" if digest.cadence else "本邮件发送至"
        when = f"于 {placeholder('confirmed_on')}" if digest.confirmed_on else ""
        if digest.confirmed_by_operator:
            return (first, f"{placeholder('email')}；该地址由本服务的运营者{when}添加。")
        return (
            first,
            f"{placeholder('email')}；你已{when}确认订阅。" if when else f"{placeholder('email')}。",
        )

    def _when(self, days: tuple[date, ...]) -> str:
        return self.day(days[0]) if len(days) == 1 else self._span(min(days), max(days))

    def _span(self, start: date, end: date) -> str:
        if start.year != end.year:
            return f"{self.day(start)}至 {self.day(end)}"
        month = "" if start.month == end.month else f"{_n(end.month, '月')} "
        return f"{self.day(start)}至 {month}{_n(end.day, '日')}"

    def _days(self, days: Sequence[date]) -> str:
        return "、".join(f"{_n(day.month, '月')} {_n(day.day, '日')}" for day in sorted(set(days)))


def _count(number: int) -> str:
    """Return a small number in Han, others in figures set off from the Han around them."""
    return _SMALL[number] if number < len(_SMALL) else f" {number}{NO_BREAK}"


def _n(number: int, measure: str) -> str:
    return f"{number}{NO_BREAK}{measure}"


def _period_word(digest: Digest) -> str:
    return {1: "今天", 7: "本周"}.get(digest.covers_days, "本期")
