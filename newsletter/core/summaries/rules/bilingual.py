"""Chinese terms of scientific abstracts and the English words that may stand for each. A table.

It need not be complete: it lets numbers, contrasts and content of a Chinese claim be compared with an English
quote where the terms are known, and says nothing where they are not.
"""

from __future__ import annotations

_TABLE = """
音频 audio/speech/sound|语音 speech/audio/voice/spoken|声音 sound/voice/audio|文本 text|文字 text
图像 image/picture/visual|图片 image/picture|视频 video/clip|帧 frame|点云 point|深度 depth/deep
准确率 accuracy|精度 accuracy/precision|精确率 precision|召回率 recall|误差 error|错误 error/wrong/false
损失 loss|得分 score/reach|分数 score|性能 performance/perform|质量 quality|效率 efficiency/efficient
速度 speed/fast/faster/quick|快 fast/faster/quick|慢 slow|时间 time/duration/temporal|延迟 latency/delay
成本 cost|内存 memory|显存 memory/GPU|功耗 power|参数 parameter|规模 size/scale|大规模 large/massive
训练 train/training|测试 test|评估 evaluate/evaluation/assess|推理 inference/reasoning
验证 validate/verify/verification/demonstrate|实验 experiment|基准 benchmark|基线 baseline
数据集 dataset/corpus/collection|语料库 corpus|数据 data|样本 sample/example
标注 annotation/annotate/label|标签 label|说话人 speaker|参与者 participant|观众 viewer|读者 reader
用户 user/people|论文 paper/article|文章 article/paper/work|引文 quote/citation|模型 model
方法 method/approach/framework/technique|系统 system|网络 network|编码器 encoder|解码器 decoder
检测器 detector|框架 framework|算法 algorithm|架构 architecture|分支 branch|模块 module|层 layer
阶段 stage/phase|记忆 memory|词典 dictionary|词元 token|片段 clip/segment|段落 passage
问题 question/problem/issue/challenge|回答 answer|机器人 robot|抓取 grasp|抓错 grasp|物体 object
衣物 garment|手指 finger|手部 hand|面部 face/facial|人脸 face|头部 head
动作 motion/action/movement/gesture|运动 motion/movement|全身 body|渲染 render/rendering
采样 sampling/sample|编辑 edit|教师 teacher|学生 student|漂移 drift|身份 identity|唇音 lip
置信度 confidence|距离 distance|呼吸 breathing|吸气 inhalation|短语 phrase|响度 loudness|插入 insertion
旋转 rotation|触碰 touch|连接器 connector|力 force|螺旋 spiral|分歧 disagreement|争议 contested
泄漏 leakage|电路 circuit|逻辑 logical|每轮 round|纠错 correction|流域 basin|洪峰 flood|河流 river
攻击 attack|防御 defence/defense|文档 document|任务 task|成功率 success|重复 repetition/repeat
单次 single|轨迹 trajectory|航点 waypoint|评审 rater|讲座 lecture|翻译 translation/translate
合成 synthesis/synthetic/synthesize/generate|真实 real/genuine|单词 word|情感 emotion/affect|折叠 fold
示范 demonstration|场景 scene/scenario|扫描 scan|温度 temperature|磁场 field|候选 candidate
耦合 coupling|滑动 slip|表面 surface|地震 seismic|压力 pressure|钻孔 borehole|消息 message
签名 signature/sign|参与方 party|机器 machine|指标 metric/measure|人类 human/people
相关性 correlation/correlate|相关 correlation/correlate/related|诊断 diagnosis/diagnostic|病害 disease
检索 retrieval|重排序 rerank/ranking|分类 classification/class/classify
提高 improve/rise/increase/enhance/raise|提升 improve/rise/increase/enhance|上升 rise/increase
增加 increase/add|升至 rise|增长 grow/increase|降低 fall/reduce/lower/decrease|下降 fall/drop/decline
降至 fall|减少 reduce/fewer|缩短 shrink/shorten|降到 fall|优于 beat/better|超过 exceed/beat
超越 surpass/beat|高于 higher/beat|胜过 beat|达到 reach/achieve|需要 require/need
无需 require/need/without|依赖 depend/rely|首次 first|首个 first|早期 early|晚期 late|清理 cleanup
译员 interpreter|口型 mouth|驾驶 driving/driven|人工 human/manual|占位符 placeholder
位置 location/position|偏好 preference|发现 find/show/discover|教师模型 teacher|学生模型 student
步骤 step|词准确率 accuracy|随机 random|掩码 mask|过渡 transition|注意力 attention|自注意力 attention
一致性 consistency/consistent|故事 story|预测 predict/forecast|扩散 diffusion|潜在 latent/potential
潜码 latent|量化 quantization|矢量 vector|向量 vector|对齐 alignment/align|时序 temporal/time
伪影 artifact/artefact|外观 appearance|增强 augmentation/enhance/improve|分辨率 resolution
高分辨率 resolution|肖像 portrait|动画 animation|说话头 talking|手势 gesture|表情 expression
姿态 pose/gesture|姿势 pose|三维 3d|二维 2d|重建 reconstruct/reconstruction|单目 monocular
多模态 multimodal/multi|跨模态 crossmodal/cross|语义 semantic|层次 hierarchy/hierarchical/level
控制 control|可控性 control/controllability|多样性 diversity/diverse|内容 content|风格 style
个性化 personalized/personal|通用 general/generic|泛化 generalize/generalization
鲁棒性 robustness/robust|稳健 robust|噪声 noise|噪音 noise|干净 clean|嘈杂 noise/babble
识别 recognition/recognize/identify|检测 detect/detection|分割 segmentation/segment|跟踪 tracking/track
定位 localization/location|导航 navigation|规划 planning/plan|强化学习 reinforcement
监督 supervision/supervised|自监督 self/supervised|无监督 unsupervised|微调 tune/tuning/finetune
预训练 pretrained/pretraining|预训练模型 pretrained|骨干 backbone|迁移 transfer
蒸馏 distillation/distill|压缩 compression/compress|剪枝 pruning|量子 quantum|比特 qubit/bit|码 code
纠缠 entanglement|超导 superconduct|电子 electron|光子 photon|星系 galaxy|行星 planet/exoplanet
恒星 star/stellar|引力 gravity/gravitational|暗物质 dark|宇宙 universe/cosmic|粒子 particle|能量 energy
频率 frequency|信号 signal|信噪比 signal|谱 spectrum/spectral|光谱 spectrum/spectroscopy|材料 material
晶体 crystal|薄膜 film|蛋白质 protein|细胞 cell|基因 gene|药物 drug|疾病 disease|患者 patient
临床 clinical|医疗 medical/clinical|影像 imaging|病理 pathology|安全 safety/security/secure|隐私 privacy
密码 cryptography/cipher|协议 protocol|区块链 blockchain|经济 economic|市场 market|价格 price
因果 causal|统计 statistical|回归 regression|贝叶斯 bayesian|优化 optimization/optimize/optimise
凸 convex|梯度 gradient|收敛 convergence/converge|上界 upper/bound|下界 lower/bound|界 bound
定理 theorem|证明 proof/prove/demonstrate|猜想 conjecture|图 graph|超图 hypergraph|树 tree|代码 code
软件 software|程序 program|编译 compile|开源 open/source|智能体 agent|代理 agent|大语言模型 language
语言模型 language|语言 language|对话 dialogue/conversation|会话 conversation|提示 prompt
指令 instruction|幻觉 hallucination|知识 knowledge|知识图谱 knowledge|事实 fact/factual|证据 evidence
引用 citation/cite|排行榜 leaderboard|标准化 standard/standardize|社区 community|开放 open/public
公开 public/release|发布 release|更新 update|动态 dynamic/living|静态 static|比较 compare/comparison
对比 compare/contrast|分析 analysis/analyze|理论 theory/theoretical|假设 assumption/hypothesis/assume
条件 condition|环境 environment/condition|分布 distribution|分布外 distribution|域 domain
领域 field/domain|应用 application/apply|现有 existing/current|挑战 challenge|局限 limit/limitation
限制 limit/restrict|优势 advantage|创新 novel/innovation/new|贡献 contribution
意义 significance/important|影响 influence/impact/effect|效果 effect/performance|结果 result
结构 structure|空间 space/spatial|长度 length/long|长期 long|长时 long|小时 hour|分钟 minute|数量 number
比例 ratio/share/proportion|概率 probability|不确定性 uncertainty|校准 calibration/calibrate
可解释性 interpretability/interpret|公平 fair/fairness|偏差 bias|神经网络 neural/network|辐射场 radiance
神经 neural|卷积 convolution|变压器 transformer|嵌入 embedding|特征 feature
表示 representation/represent|序列 sequence|联合 joint|融合 fusion/fuse/unify/combine
集成 integrate/ensemble|整合 integrate|管道 pipeline|流程 pipeline/process|自动 automatic|实时 real
在线 online|离线 offline|多任务 multi|弱光 light|遮挡 occlusion|光流 flow|雷达 lidar/radar|传感器 sensor
无人机 uav/drone|自动驾驶 driving|车辆 vehicle|交通 traffic|多种族 multiracial|种族 racial/multiracial
年龄 age|性别 gender|儿童 child/children|学生们 student|教育 education|课程 course/curriculum
社会 social|政策 policy|策略 policy/strategy|决策 decision|奖励 reward|搜索 search|树搜索 tree|博弈 game
均衡 equilibrium|掺杂 doping|解释 explain/account|冻结 frozen/freeze|评分 rate/rating/score
标注者 annotator|提示词 prompt|重新训练 retrain/retraining|抑制 suppress|缓解 mitigate|揭示 reveal
学科 discipline|维度 dimension|生产者 producer|消费者 consumer|行为 behavior/behaviour|正则 regular
最小化 minimize/minimise|最大化 maximize/maximise|带宽 bandwidth|算力 compute|浏览器 browser
遵循 follow|涵盖 cover|结合 combine/with|采用 use/adopt|依靠 rely|引入 introduce
"""

TERMS: dict[str, tuple[str, ...]] = {
    chinese: tuple(english.split("/"))
    for line in _TABLE.split("\n")
    if line
    for entry in line.split("|")
    for chinese, _, english in [entry.partition(" ")]
}
"""The usual word first."""
