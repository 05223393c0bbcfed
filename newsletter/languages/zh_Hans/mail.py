"""The mail in Simplified Chinese.

Full-width punctuation; a space between Han and Latin; number and measure word held together by a no-break
space. The opening is phrased as Chinese says it, not after the English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType

from newsletter.core.arxiv.figures import ShownFigure
from newsletter.core.arxiv.licences import licence_name
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
_WHY_NO_SUMMARY = {
    "late": "概述未能及时完成",
    "daily_cap": "今天的概述额度已用完",
    "withheld": "概述因读者指出错误已撤下",
}
_NO_READING = "本篇没有完整的导读"
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
            "abstract": "摘要",
            "pdf": "PDF",
            "code": "代码",
            "project": "项目主页",
            "citations": "逐句对照原文",
            "page": "论文页面",
            "continue": "继续阅读",
            "not_stated": "论文未提及。",
            "listed": "其他匹配论文",
            "near": "主题之外",
            "near_note": "你的主题没有要这些论文，但它们接近你收藏的内容。",
            "revised": "读过的论文有更新",
            "what_changed": "改动",
            "save": "收藏",
            "more": "多推这类",
            "less": "不感兴趣",
            "taste": "查看或撤销",
            "feedback": "收藏、多推这类，或不感兴趣",
            "preferences": "更改主题或发送时间",
            "unsubscribe": "退订",
            "unsubscribe_topic": "或只退订其中一个主题",
            "source": "论文元数据来自 arXiv；arXiv 未审阅本邮件，亦不为其背书。",
            "colon": "：",
            "after_numeral": "",
            "comma": "，",
            "full_stop": "。",
            "bracketed": "（{}）",
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

    def subject(self, digest: Digest, *, names: Sequence[str]) -> str:
        total = digest.matched
        if digest.knows_nothing:
            period = _period_word(digest)
            return f"{period} arXiv 的答复不完整" if digest.is_half_answered else f"{period}未能连接 arXiv"
        if not total:
            return f"{_period_word(digest)}没有符合你的主题的新论文"
        head = f"{total} 篇新论文"
        if not names:
            return head
        rest = f" 等 {total} 篇" if total > len(names) else ""
        return f"新论文：{'、'.join(names)}{rest}" if rest else f"{head}：{'、'.join(names)}"

    def numeral(self, digest: Digest) -> str:
        return "arXiv" if digest.knows_nothing else _n(digest.matched, "篇")

    def opening(self, digest: Digest) -> str:
        period = _period_word(digest)
        scanned = max(digest.scanned, digest.matched)
        if digest.knows_nothing:
            how = "的答复不完整" if digest.is_half_answered else "未能连接"
            return f" {period}{how}，尚不知道有哪些新论文。"
        if not scanned:
            known = "暂未见更新" if digest.may_lack_papers else "没有更新"
            return f"新论文，{period}你关注的领域{known}。"
        return f"符合你的主题，{period}新论文共 {_n(scanned, '篇')}。"

    def account(self, digest: Digest) -> str:
        total, outside = digest.matched, max(0, digest.scanned - digest.matched)
        if not total:
            return f"这 {_n(outside, '篇')}都没有被你的主题匹配。" if outside else ""
        parts = []
        if digest.summarised:
            parts.append(f"以下概述 {_n(digest.summarised, '篇')}")
        if digest.listed:
            parts.append(f"另有 {_n(len(digest.listed), '篇')}列于文末")
        if digest.counted:
            parts.append(f"还有 {_n(digest.counted, '篇')}见网页版")
        if digest.summarised == total:
            parts = ["以下概述这一篇" if total == 1 else f"以下全部概述，共 {_n(total, '篇')}"]
        rest = f"；其余 {_n(outside, '篇')}没有被你的主题匹配" if outside else ""
        return f"{'，'.join(parts)}{rest}。"

    def hint(self, digest: Digest) -> str:
        if digest.knows_nothing:
            return "下一期照常发送，其间的新论文会收录在内。"
        if digest.may_lack_papers:
            return "主题保持不变，下一期照常发送。"
        return "主题保持不变，下一期照常发送。如果经常如此，不妨把主题放宽一些。"

    def warnings(self, digest: Digest) -> tuple[str, ...]:
        found = []
        if digest.failed_gathers:
            days = self._days(digest.failed_gathers)
            found.append(f"{days}未能从 arXiv 取得论文，当日的可能有缺，之后补上。")
        if digest.doubtful_gathers:
            days = self._days(digest.doubtful_gathers)
            found.append(f"{days} arXiv 的答复不完整，当日的论文可能有缺，之后收到的会补上。")
        if digest.empty_dates:
            found.append(f"{self._days(digest.empty_dates)}没有符合你的主题的论文。")
        if digest.unasked_dates:
            found.append(f"{self._days(digest.unasked_dates)}未能连接 arXiv，因此没有邮件。")
        if digest.half_answered_dates:
            days = self._days(digest.half_answered_dates)
            found.append(f"{days} arXiv 的答复不完整，因此没有邮件。")
        if digest.reduced:
            found.append(
                f"邮件过长会被截断，因此有 {_n(digest.reduced, '篇')}的内容少于你的设定；其余见论文页面。"
            )
        return tuple(found)

    def count(self, number: int) -> str:
        return _n(number, "篇")

    def authors(self, line: AuthorLine) -> tuple[str, str]:
        if line.is_collaboration:
            return ", ".join(line.names), f"（{_n(line.total, '位')}作者）" if line.total else ""
        rest = line.total - len(line.names)
        return ", ".join(line.names), f" 等 {_n(line.total, '人')}" if rest else ""

    def meta(self, paper: PaperRecord) -> str:
        parts = (
            f"arXiv:{paper.versioned_id}",
            ", ".join(paper.categories),
            self.day(paper.updated_at.date()).replace(" ", NO_BREAK),
        )
        return f"{NO_BREAK}{NO_BREAK} ".join(parts)

    def where(self, place: str) -> str:
        if place in ("abstract", "title"):
            return "引自摘要" if place == "abstract" else "引自标题"
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

    def checked(self, checked: int, *, withheld: int, abstract_only: bool) -> str:
        source = "摘要" if abstract_only else "论文"
        rest = f"，另有 {_n(withheld, '条')}因缺乏依据未采用" if withheld else ""
        return f"{_n(checked, '条')}结论已与{source}核对{rest}。"

    def own_words(self, *, language: str, reason: str) -> str:
        untranslated = "" if language.startswith("zh") else "，未翻译"
        if not reason:
            return f"作者原文{untranslated}。"
        return f"{_WHY_NO_SUMMARY.get(reason, '本篇没有可用的概述')}，以下为作者原文{untranslated}。"

    def shallower(self, lacks: DetailLevel, *, reason: str) -> str:
        if lacks is not DetailLevel.READING:
            return "没有要点能以原文为据，因此只列出一句话概述。"
        return f"{_WHY_NO_READING.get(reason, _NO_READING)}，因此以较短的形式呈现。"

    def why_chosen(self, why: CardWhy) -> str:
        if why.code is WhyCode.FOLLOWS:
            return f"你关注了 {why.author}。"
        if why.code is WhyCode.NAMESAKE:
            return f"你关注了 {why.author}；这里也可能是同名的另一位作者。"
        if why.code is WhyCode.BREADTH:
            return "为拓宽视野：从其余匹配论文中随机选出。"
        terms = "、".join(why.terms)
        if why.title:
            return f"因为你收藏了 {short_name(why.title, limit=LONGEST_KEPT)}：{terms}。"
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

    def also_in(self, topics: Sequence[str]) -> str:
        return f"同属主题：{'、'.join(topics)}"

    def and_more(self, number: int) -> str:
        return f"还有 {_n(number, '篇')}"

    def who_wrote(
        self, writers: Sequence[tuple[str, tuple[date, ...]]], *, quoted: bool, in_words: bool
    ) -> str:
        if not writers:
            return "各篇文字均为摘要中选出的原句，并非由模型撰写。仅供初步筛选，请勿引用。"
        authors = "，".join(f"由 {model} 于 {self._when(days)}撰写" for model, days in writers)
        own = "标有“作者原文”的为摘要中选出的原句。" if quoted else ""
        checked = (
            "每条结论的引文、数字和名称都已在论文中查找，结论与引文是否一致请自行判断"
            if in_words
            else "每条结论的引文、数字、链接和标记都已与论文核对，措辞未经核对"
        )
        return f"概述{authors}。{checked}，缺乏依据的未予采用。{own}仅供初步筛选，请勿引用。"

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


def _n(number: int, measure: str) -> str:
    return f"{number}{NO_BREAK}{measure}"


def _period_word(digest: Digest) -> str:
    return {1: "今天", 7: "本周"}.get(digest.covers_days, "本期")
