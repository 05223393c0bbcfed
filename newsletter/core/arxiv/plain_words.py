"""Words that do not distinguish papers: two tables for ``phrases.py``."""

from __future__ import annotations

from newsletter.core.arxiv.sentences import word_set

STOP_WORDS = word_set(
    """a able about above across after against al all almost along already also although always am among
    an and another any are around as at away be became because become becomes been before behind being
    below beneath besides between beyond both but by can cannot could despite did different do does
    doing done down due during each either else enough et etal etc even ever every few first five for
    four from further furthermore get gets given gives go hence here how however i if in include
    includes including indeed instead into is it its itself just last later latter least less let like
    many may mean means might more moreover most much must near need needs neither never nevertheless
    new next no non none nor not now off often on once one ones onto or other others otherwise our out
    over overall own per perhaps possible quite rather recent same second see seen several shall should
    show shown shows similar since six so some sometimes still such take takes than that the their them
    themselves then there thereby therefore these they third this those though three through throughout
    thus to together too toward towards two under unless unlike until up upon us use used uses using
    various very via was we well were what when where whereas whether which while who whole whose why
    will with within without would yet you your zero"""
)
"""A phrase contains none of these. Adverbs in -ly are excluded by their ending."""

EMPTY_WORDS = word_set(
    """ablation abstract accuracy achieve achieved achieving additional address addresses addressing
    advance advanced advantage aim algorithm allow allowing analysis analyze analyzed application
    applied applying approach approaches arise article artificial arxiv assess assume author available
    average based baseline behavior behaviour benchmark best better capability capable capture case
    central certain challenge challenging change class code com combine combined combining common
    compare compared comparison competitive complete complex complexity component comprehensive
    computational conclude condition conduct consider considerable considered consistent construct
    construction context contrast contribution critical crucial current data dataset deep define defined
    demonstrate demonstrated demonstrating depend derive derived describe design designed detail
    detailed develop developed development direct discuss discussed diverse domain easy effect effective
    effectiveness efficiency efficient effort emerging employ enable enabled enabling end-to-end enhance
    enhanced ensure entire environment error essential establish establishes evaluate evaluated
    evaluating evaluation evidence examine example exist existing experiment experimental explain
    explicit exploit explore extend extended extension extensive extract fail fast feature feed-forward
    few-shot field final find finding fine-grained fine-tuning focus focuses follow following form
    formulate found framework full function fundamental future gain gap general generate generated
    github global goal good great greater group guide hard help high high-quality higher highlight http
    human idea identified identify impact implement implementation implications implicit important
    improve improved improvement improving increase increased increasing independent individual
    information initial input insight integrate integrated interest introduce introduced investigate
    investigated issue joint key known lack large large-scale larger lead leading learn learned learning
    level leverage leveraging light-weight lightweight limit limitation limited line local long-horizon
    long-term low low-cost lower machine main maintain maintaining major make making method methodology
    metric model modeling modern motivate motivated multi multiple natural nature necessary network
    neural non-trivial novel number observation observe observed obtain obtained obtaining offer
    one-shot open open-source optimal order org original outcome outperform outperforming output paper
    parameter part particular perform performance performed pipeline play plug-and-play point poor
    post-training potential power powerful practical practice pre-trained precise presence present
    presented preserve pretrained previous primary principle principled prior problem procedure process
    processes produce project promising proof proper properties property propose proposed prove provide
    provided providing quality question range ranging rate ratio real real-world realistic reduce
    reduced reducing reduction regime relation relationship relative release relevant reliability
    reliable remain report reported represent representation require required requirement requiring
    research researchers resource respect result resulting reveal review rich robust robustness role
    sample scale scenario scheme scope score search select selected self-supervised sequence series set
    setting setup shape significant simple single single-stage situation size small solution solve
    source space specific stage standard state state-of-the-art step strategies strategy strong
    structure studied studies study subset substantial success successful suggest superior supervised
    support survey system systematic target task technique term test tested testing theoretical theory
    time tool top total traditional train trained training training-free two-phase two-stage two-step
    type typical unified unique unknown unsupervised user valid validate validated value variable
    variety version view well-known wide work world www yield zero-shot"""
)
"""Words common to all abstracts, in the singular: a phrase needs at least one other word."""
