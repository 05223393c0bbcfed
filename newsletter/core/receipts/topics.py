"""What a paper can be about: a claim that names a topic the paper never touches is of another paper. A table.

Each line is a topic: the English words that name it, the Chinese words that name it, and English words that
only hint at it. A claim has to name it; for the paper a hint is enough, so that a synonym or a translation is
no topic of its own. Words that serve many fields (graph, field, cell, agent, star) name nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TABLE = r"""
storytelling, stories, story, storyline\w* / 故事, 叙事 / narrat\w+, plot\w*, fiction\w*, novels?
poems?, poetry / 诗歌, 诗词 / poetic\w*, vers(?:e|es), literary
music, musical, songs?, melod\w+ / 音乐, 歌曲, 旋律 / audio, singing, instrument\w*
dance, dances, dancing, choreograph\w+ / 舞蹈 / music\w*
chess / 国际象棋 / board games?
video games?, gameplay / 电子游戏 / games?, gaming, players?
football, soccer, basketball, tennis / 足球, 篮球, 网球 / sports?, athlet\w+, matches
robots?, robotic\w*, humanoids? / 机器人 / manipulat\w+, embodied, grasp\w*, arms?, locomotion
autonomous driving, self-driving / 自动驾驶 / driv\w+, vehicles?, cars?, traffic
drones?, UAVs?, quadrotors? / 无人机 / unmanned, aerial, flight
satellites?, remote sensing / 卫星, 遥感 / earth observation, orbit\w*, spaceborne, Sentinel\S*
crops?, agricultur\w+ / 农业, 农作物 / farm\w*, plants?, lea(?:f|ves), soil
garments?, clothing / 衣物, 服装 / cloth\w*, textiles?, dress\w*, fashion, shirts?
recipes?, nutrition\w* / 食谱, 营养 / food\w*, diet\w*, eating
proteins?, antibod\w+ / 蛋白质, 抗体 / peptides?, amino acids?, molecul\w+, enzym\w+, bind\w+
genes?, genom\w+ / 基因, 基因组 / genetic\w*, DNA, RNA, transcript\w+
cancers?, tumou?rs? / 癌症, 肿瘤 / oncolog\w+, carcinoma\w*, metasta\w+, glioma\w*, lesions?, malign\w+
surger\w+, surgical\w* / 手术 / surgeons?, operat\w+, endoscop\w+
radiolog\w+, X-rays? / 放射科, 放射学 / CT, MRI, ultrasound, radiograph\w*, imaging
EEG, fMRI / 脑电 / brains?, neural activity, neuroimag\w+, electroencephal\w+
earthquakes?, aftershocks? / 地震 / seismic\w*, tremors?
floods?, flooding / 洪水 / rivers?, hydrolog\w+, discharge, basins?, catchments?, inundat\w+
rainfall, weather / 天气, 降雨 / precipitation, climat\w+, storms?, meteorolog\w+, atmospher\w+, rain\w*
galax\w+ / 星系 / extragalactic, quasars?
exoplanet\w* / 系外行星 / planet\w*, transit\w*
black holes? / 黑洞 / horizons?, gravitational, Schwarzschild, Kerr
dark matter / 暗物质 / axions?, WIMPs?, halos?, dark sector
qubits?, quantum computer\w* / 量子比特, 量子计算 / quantum\w*
superconduct\w+ / 超导 / Cooper, Josephson, pairing
batter(?:y|ies) / 电池 / electrolytes?, lithium, electrochem\w+, charg\w+
catalysts? / 催化剂 / catal\w+
blockchains?, Bitcoin, Ethereum / 区块链, 比特币, 以太坊 / cryptocurrenc\w+, smart contracts?, ledgers?, DeFi
stock market, stock prices? / 股票, 股市 / stocks?, financ\w+, portfolio\w*, equit(?:y|ies), trad(?:ers?|ing)
elections?, voters? / 选举, 选民 / vot(?:es?|ing), politic\w+, ballots?, candidates?
courts?, lawsuits? / 法院, 法庭 / legal\w*, judg\w+, statut\w+, laws?, litigation
classrooms?, pupils? / 课堂, 小学生 / teach\w*, student\w*, educat\w+, school\w*, courses?
toddlers?, infants? / 婴儿, 幼儿 / child\w*, bab(?:y|ies), developmental
recommender\w* / 推荐系统 / recommend\w+
social media, Twitter, tweets? / 社交媒体, 推特, 微博 / social network\w*, posts?, Reddit, Weibo, X
malware, phishing / 恶意软件, 钓鱼 / attack\w*, malicious, intrusion\w*
deepfakes? / 深度伪造 / forg\w+, fak\w+, synthe\w+, manipulat\w+
sign languages? / 手语 / sign\w*
handwriting, handwritten / 手写 / ink\w*, OCR, scripts?, pen
hairstyles?, hair / 头发, 发型 / strands?, head\w*
reinforcement learning / 强化学习 / RL\w*, polic(?:y|ies), reward\w*, agents?, [A-Z]{1,3}PO
segmentation / 分割 / segment\w*, masks?, pars\w+, SAM, pixel\w*
classification, classifiers? / 分类 / class\w*, label\w*, categor\w+, recogni\w+, diagnos\w+, types?
object detection / 目标检测 / detect\w*
machine translation / 机器翻译 / translat\w+
graph neural networks? / 图神经网络 / GNN\w*, graph\w*, message passing
federated learning / 联邦学习 / federat\w+, clients?
contrastive learning / 对比学习 / contrast\w+, CLIP
knowledge distillation / 知识蒸馏 / distil\w+, teach\w+, students?
genetic algorithms?, evolutionary algorithms? / 遗传算法, 进化算法 / genetic, evol\w+, mutat\w+, population\w*
speech recognition / 语音识别 / ASR, transcri\w+, speech, speak\w*, Whisper
question answering / 问答 / VQA, QA, questions?, quer\w+, answer\w*
report generation / 报告生成 / reports?, caption\w*
wildlife, bird species / 野生动物, 鸟类 / animals?, species, birds?
"""


@dataclass(frozen=True, slots=True)
class _Topic:
    named: re.Pattern[str]
    hinted: re.Pattern[str]


def _topic(line: str) -> _Topic:
    english, chinese, hints = (part.split(", ") for part in line.split(" / "))
    signs = "|".join(chinese)
    named, hinted = (
        rf"(?<![A-Za-z])(?:{'|'.join(words)})(?![A-Za-z])|{signs}" for words in (english, english + hints)
    )
    return _Topic(re.compile(named, re.IGNORECASE), re.compile(hinted, re.IGNORECASE))


_TOPICS = tuple(map(_topic, _TABLE.strip().split("\n")))


def has_foreign_topic(claim: str, *, source: str) -> bool:
    """Say whether ``claim`` names a topic that ``source``, all of the paper's text, never touches."""
    return any(topic.named.search(claim) and not topic.hinted.search(source) for topic in _TOPICS)
