"""Chinese terms of scientific abstracts and the English stem that stands for each. A table.

It need not be complete: it lets numbers and contrasts of a Chinese claim be compared with an English quote
where the terms are known, and says nothing where they are not.
"""

from __future__ import annotations

_TABLE = """
音频 audio|语音 audio|声音 audio|文本 text|文字 text|图像 image|图片 image|视频 video|帧 frame
点云 point|深度 depth|准确率 accur|精度 accur|精确率 preci|召回率 recal|误差 error|错误 error
损失 loss|得分 reach|分数 reach|性能 perfo|质量 quali|速度 quick|快 quick|慢 slow|时间 time
延迟 laten|成本 cost|内存 memor|显存 memor|功耗 power|参数 param|规模 size|训练 train|测试 test
评估 evalu|推理 infer|验证 valid|实验 exper|基准 bench|基线 basel|数据集 datas|语料库 datas
数据 data|样本 sampl|标注 annot|标签 label|说话人 speak|参与者 parti|观众 viewe|读者 reade|用户 user
论文|文章 artic|引文 quote|模型 model|方法 metho|系统 syste|网络 netwo|编码器 encod|解码器 decod
检测器 detec|框架 frame|算法 algor|架构 archi|分支 branc|模块 modul|层 layer|阶段 stage|记忆 memor
词典 dicti|词元 token|片段 clip|段落 passa|问题 quest|回答 answe|机器人 robot|抓取 grasp|抓错 grasp
物体 objec|衣物 garme|手指 finge|手部 hand|面部 face|人脸 face|头部 head|动作 motio|运动 motio
全身 body|渲染 rende|采样 sampl|编辑 edit|教师 teach|学生 stude|漂移 drift|身份 ident|唇音 lip
置信度 confi|距离 dista|呼吸 breat|吸气 inhal|短语 phras|响度 loudn|插入 inser|旋转 rotat|触碰 touch
连接器 conne|峰值力 force|螺旋 spira|分歧 disag|争议 conte|泄漏 leaka|电路 circu|逻辑 logic
每轮 round|纠错 corre|码距 dista|流域 basin|洪峰 flood|河流 river|攻击 attac|防御 defen|文档 docum
任务 task|成功率 succe|重复 repet|单次 singl|轨迹 traje|航点 waypo|评审 rater|讲座 lectu|翻译 trans
合成 synth|真实 real|单词 word|词 word|情感 affec|折叠 fold|示范 demon|场景 scene|扫描 scan
温度 tempe|磁场 field|候选 candi|耦合 coupl|滑动 slip|表面 surfa|地震 seism|压力 press|钻孔 boreh
消息 messa|签名 sign|参与方 parti|机器 machi|用户研究 user|刺激 stimu|指标 metri|人类 human
相关性 corre|相关 corre|诊断 diagn|病害 disea|检索 retri|重排序 rank|分类 class|提高 rise|提升 rise
上升 rise|增加 rise|升至 rise|增长 rise|降低 fall|下降 fall|降至 fall|减少 fall|缩短 fall|降到 fall
降 fall|优于 beat|超过 beat|超越 beat|高于 beat|胜过 beat|达到 reach|需要 requi|无需 requi
依赖 depen|首次 first|首个 first|长 long|短 short|早期 early|晚期 late|清理 clean|译员 inter
口型 mouth|驾驶 drivi|人工 human|占位符 place|位置 locat|偏好 prefe|发现 show|教师模型 teach
学生模型 stude|段 segme|步骤 step|词准确率 accur
"""

TERMS: dict[str, str] = {
    chinese: english
    for line in _TABLE.split("\n")
    if line
    for entry in line.split("|")
    for chinese, _, english in [entry.partition(" ")]
}
