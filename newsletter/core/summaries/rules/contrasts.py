"""Words that exclude each other: a claim that says one where its quote says the other is wrong. A table.

Each line is a group; its members are divided by ``|`` and each is English / Chinese, as regular expressions;
an indented line goes on with the one above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_GROUPS = r"""
audio, speech, voice, sound, acoustic\w* / 音频, 语音, 声音 | text, textual, prompts? / 文本, 文字
    | images?, pictures?, photo\w* / 图像, 图片 | videos?, frames?, clips? / 视频
(?<!un)(?<!self-)(?<!semi-)(?<!weakly-)(?<!weakly )(?<!self )supervised / (?<![自无弱半频本])监督
    | unsupervised / 无监督 | self-supervi\w+ / 自监督 | semi-supervised / 半监督
    | weakly[- ]supervised / 弱监督
2D, two-dimensional / 2D, 二维 | 3D, three-dimensional / 3D, 三维 | 4D / 4D, 四维
encod\w+ / 编码 | decod\w+ / 解码
label(?:l?ed), annotated / [已有带经]标注 | unlabel\w+, unannotated / 无标注, 未标注
discrete / 离散 | continuous / 连续
online / 在线 | offline / 离线
synthetic, simulat\w+ / 合成, 仿真, 模拟 | real, real-world / 真实
minimi[sz]\w+ / 最小化 | maximi[sz]\w+ / 最大化
producers? / 生产者 | consumers? / 消费者
memory (?:usage|use|footprint|cost|consumption) / [内显]存(?:占用|开销|消耗)
    | running time, run-?time, latency, speed / 运行时间, 延迟, 速度
fine-tun(?:es?|ed|ing) / 微调
    | training-free, tuning-free, without (?:any )?(?:re)?training / 免训练, 无需训练
indoor / 室内 | outdoor / 室外
early, earl(?:y|ier) stages? / 早期 | late, late stages? / 晚期, 后期
high-resolution / 高分辨率 | low-resolution / 低分辨率
strong(?:ly)? / 强 | weak(?:ly)? / 弱
positive(?:ly)? / 正相关 | negative(?:ly)? / 负相关
informative / 有信息 | uninformative / 无信息
(?<!un)seen / (?<!未)见过 | unseen / 未见
manual(?:ly)?, human annotat\w+ / 人工 | automatic(?:ally)? / 自动
local(?:ly)? / 局部 | global(?:ly)? / 全局
inference / 推理 | training(?= time| cost| speed) / 训练(?=时间|成本|速度)
forward / 向前, 前向 | backward / 向后, 后向
match(?:es)? / 一致 | differs? / 不同
always / 总是, 始终 | rarely, seldom / 很少 | never / 从不
longer / 更长 | shorter / 更短
larger, bigger / 更大 | smaller / 更小
better / 更好 | worse / 更差
upper[- ](?:bound|limit) / 上界, 上限 | lower[- ](?:bound|limit) / 下界, 下限
above / 以上, 高于 | below / 以下, 低于
faster, quicker / 快于, 更快 | slower / 慢于, 更慢
more / 更多 | less, fewer / 更少
fast loop / 快循环 | slow loop / 慢循环
deterministic / 确定性 | stochastic, random(?:i[sz]ed)? / 随机
monocular / 单目 | stereo / 双目
bounded / 有界 | unbounded / 无界
symmetric / (?<!非)对称 | asymmetric / 非对称
static / 静态 | dynamic / 动态
linear(?:ly)? / (?<!非)线性 | nonlinear, non-linear / 非线性 | quadratic(?:ally)? / 二次
    | exponential(?:ly)? / 指数级 | logarithmic(?:ally)? / 对数
English / 英语 | Chinese, Mandarin / 汉语, 普通话 | Hebrew / 希伯来语 | Arabic, Darija / 阿拉伯语
    | French / 法语 | German / 德语 | Spanish / 西班牙语 | Japanese / 日语 | Korean / 韩语
    | Russian / 俄语 | Hindi / 印地语 | Portuguese / 葡萄牙语
"""

_DIRECTIONS = r"""
increas\w*, ris(?:e|es|ing), rose, rais\w+, gr(?:ow|ows|ew|owing), higher, boost\w*, improv\w*
    , elevat\w*, gain(?:s|ed)?, enhanc\w*, strengthen\w*
    / 提高, 提升, 上升, 增加, 增长, 增大, 升至, 升高, 增强
    | decreas\w*, fall\w*, fell, drop\w*, reduc\w*, lower\w*, shorten\w*, declin\w*, shrink\w*, shrank
    , degrad\w*, rarer, down from, suppress\w*, weaken\w*, diminish\w*, attenuat\w*
    / 降低, 下降, 减少, 降至, 降到, 缩短, 缩小, 减小, 抑制, 减弱
faster, quicker / 快 | slower / 慢
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One of several words that exclude each other."""

    english: re.Pattern[str]
    chinese: re.Pattern[str]

    def is_in(self, text: str) -> bool:
        return bool(self.english.search(text) or self.chinese.search(text))


Group = tuple[Member, ...]


def _member(text: str) -> Member:
    english, _, chinese = text.partition(" / ")
    words = "|".join(part.strip() for part in english.split(", "))
    signs = "|".join(part.strip() for part in chinese.split(","))
    return Member(re.compile(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])", re.IGNORECASE), re.compile(signs))


def _groups(table: str) -> tuple[Group, ...]:
    lines = table.replace("\n    ", " ").split("\n")
    return tuple(tuple(map(_member, line.split(" | "))) for line in lines if line)


_IMPROVES = re.compile(r"improv\w*|degrad\w*|提升|提高", re.IGNORECASE)
GROUPS = _groups(_GROUPS)
DIRECTIONS = _groups(_DIRECTIONS)
"""Compared around one number only: a sentence may well say that one thing rises and another falls."""


def contradiction(claim: str, quoted: str) -> tuple[Member, ...]:
    """Return the members that ``claim`` says where ``quoted`` says only others of their group."""
    return tuple(member for group in GROUPS for member in _only_in_claim(group, claim, quoted))


def _only_in_claim(group: Group, claim: str, quoted: str) -> list[Member]:
    quoted_members = [member for member in group if member.is_in(quoted)]
    return [m for m in group if quoted_members and m.is_in(claim) and m not in quoted_members]


def turns_round(claim: str, quoted: str) -> bool:
    """Say whether ``claim`` says higher where ``quoted`` says only lower, or the reverse.

    Whether something improves is another question: errors do so by falling.
    """
    bare = [_IMPROVES.sub(" ", text) for text in (claim, quoted)]
    return opposed(*bare)


def turns_one(claim: str, clause: str) -> bool:
    """Say whether ``claim`` says exactly one member of a group, and ``clause`` exactly another."""
    return any(
        len(said) == len(shown) == 1 and said != shown
        for group in (*GROUPS, *DIRECTIONS)
        for said, shown in [_members(group, claim, clause)]
    )


def agrees_in_one(claim: str, clause: str) -> bool:
    """Say whether both say the same one member of a group whose other members neither of them says."""
    return any(
        len(said) == 1 and said == shown
        for group in (*GROUPS, *DIRECTIONS)
        for said, shown in [_members(group, claim, clause)]
    )


def _members(group: Group, claim: str, clause: str) -> tuple[list[Member], list[Member]]:
    return [m for m in group if m.is_in(claim)], [m for m in group if m.is_in(clause)]


def opposed(claim: str, quoted: str) -> bool:
    """Say whether the two texts point in opposite directions, each in one only."""
    return any(_only_in_claim(group, claim, quoted) and not _both(group, claim) for group in DIRECTIONS)


def _both(group: Group, text: str) -> bool:
    return all(member.is_in(text) for member in group)
