//! The words of the causes: one table, so that screens, files and the database say the same.

use mingfen_domain::difference::{Owner, Remedy};

/// Why a difference is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// All sides agree.
    Agreed,
    /// What an earlier day left over has come.
    ClearedLate,
    /// Paid and given back whole.
    GivenBack,
    /// Closed or cancelled, no money moved.
    NeverTookEffect,
    /// We learnt of the money long after it was paid.
    NotificationLate,
    /// Around midnight the two sides count it on neighbouring days.
    AcrossTheCut,
    /// The channel has it on another day.
    PaidOnAnotherDay,
    /// HIS booked it on another day.
    BookedOnAnotherDay,
    /// Carried, and its deadline has not passed.
    StillAwaited,
    /// HIS has not confirmed the write-back; it is still tried.
    WriteBackWaiting,
    /// The write-back waits for a person.
    WriteBackParked,
    /// HIS refused, no refund is made yet.
    WriteBackRefused,
    /// HIS refused, the money is on its way back.
    RefusedRefundUnderWay,
    /// HIS refused, the money is back.
    RefusedAndRefunded,
    /// Paid here, and no write-back exists.
    NeverTold,
    /// From the lines alone: paid, not booked.
    NotBooked,
    /// HIS booked what it had refused and what went back.
    BookedAfterRefusal,
    /// HIS booked it and then cancelled it.
    HisCancelled,
    /// HIS booked the refund and then cancelled that.
    RefundCancelledInHis,
    /// HIS says it booked it that day, its ledger has no row.
    HisRowMissing,
    /// No news of it reached us.
    NewsLost,
    /// A notification came that did not prove itself.
    NotificationUnproven,
    /// Closed here and paid at the channel.
    PaidAfterClose,
    /// A number of our form that we do not know.
    OrderLost,
    /// Channel and HIS agree against our journal.
    JournalDiffers,
    /// Another system of the hospital took it.
    PastUs,
    /// Somebody else who shares the merchant account.
    AnotherShop,
    /// The same money stands under another number.
    UnderAnotherNumber,
    /// The statement is not there yet.
    StatementNotYet,
    /// The channel says that day, its statement has no row.
    StatementRowMissing,
    /// The channel's statement and answer contradict each other.
    StatementContradicted,
    /// The channel told us yes and now says no.
    PaidButDenied,
    /// HIS booked money that never was.
    NeverPaid,
    /// The statement has one movement twice.
    DoubledByFile,
    /// A row of the file cannot be read.
    FileDamaged,
    /// The file's totals are not those of its rows.
    FileIncomplete,
    /// One bill paid twice.
    PaidTwice,
    /// Received is not what was ordered.
    WrongAmountPaid,
    /// The statement has another amount than the channel told.
    StatementAmountDiffers,
    /// HIS booked only some slips of the bill.
    PartlyBooked,
    /// HIS booked the total, insurance included.
    InsuranceIncluded,
    /// HIS booked the sum less the refund.
    BookedNet,
    /// HIS booked another sum.
    BookedOtherSum,
    /// HIS booked it twice.
    BookedTwice,
    /// Written into HIS past us.
    HisOwnEntry,
    /// The refund has not arrived yet.
    RefundInFlight,
    /// Given back whole on another day.
    RefundedLater,
    /// The channel cannot deliver the refund.
    RefundAbnormal,
    /// The channel refused or closed the refund.
    RefundRefused,
    /// Paid back past the channel.
    RefundPaidByHand,
    /// Refunded past us at the provider.
    RefundAtPortal,
    /// The same money went back twice.
    RefundedTwice,
    /// HIS has not booked the refund yet.
    RefundNotTold,
    /// HIS refuses to book the refund.
    RefundNotBooked,
    /// HIS booked a refund that was never sent.
    RefundNotSent,
    /// The refund's sums differ.
    RefundOtherSum,
    /// Booked to another merchant account.
    OtherAccount,
    /// The fee is not the contract's.
    FeeRateDiffers,
    /// Parts of an insurance settlement differ.
    InsurancePartsDiffer,
    /// A deposit's lines differ.
    DepositDiffers,
    /// A party gave no usable answer.
    CouldNotAsk,
    /// Nothing known explains it.
    Unknown,
}

/// All that is said about a cause.
struct Row {
    cause: Cause,
    word: &'static str,
    chinese: &'static str,
    english: &'static str,
    /// In whole sentences.
    sentence: (&'static str, &'static str),
    /// Who has to act, where it is not the category's owner.
    owner: Option<Owner>,
    /// What helps, the most advisable first; what is not safe or not allowed is left out later.
    advice: &'static [Remedy],
}

const fn row(
    cause: Cause,
    word: &'static str,
    (chinese, english): (&'static str, &'static str),
    sentence: (&'static str, &'static str),
    owner: Option<Owner>,
    advice: &'static [Remedy],
) -> Row {
    Row { cause, word, chinese, english, sentence, owner, advice }
}

/// In the order of [`Cause`]; a test holds it to that.
const TABLE: [Row; 62] = {
    use Cause as C;
    use Owner::{Cashier, Finance, It, Provider};
    use Remedy::{
        AskAgain, BookToSuspense, Carry, MarkForeign, Note, Refund, WriteBackNow as Write, WriteOff,
    };
    [
        row(
            C::Agreed,
            "agreed",
            ("一致", "agreed"),
            ("各方一致，无需处理。", "All sides agree; there is nothing to do."),
            None,
            &[Note],
        ),
        row(
            C::ClearedLate,
            "cleared_late",
            ("迟到已清", "cleared late"),
            ("前一日结转的流水今日已对上。", "What an earlier day left over has come."),
            None,
            &[Note],
        ),
        row(
            C::GivenBack,
            "given_back",
            ("收退相抵", "paid and given back"),
            (
                "收款后又全额退回，对方未曾入账，两笔相抵。",
                "It was paid and given back whole, and the other side never booked either.",
            ),
            None,
            &[Note],
        ),
        row(
            C::NeverTookEffect,
            "never_took_effect",
            ("未生效", "never took effect"),
            ("该笔已关闭或撤销，没有资金发生。", "It was closed or cancelled, and no money moved."),
            None,
            &[Note],
        ),
        row(
            C::NotificationLate,
            "notification_late",
            ("支付通知迟到", "notification came late"),
            (
                "渠道早已收款，本系统很晚才得知，HIS 因此入账更晚。",
                "The channel had the money long before we learnt of it, so HIS was told late.",
            ),
            None,
            &[Write, Carry, AskAgain],
        ),
        row(
            C::AcrossTheCut,
            "across_the_cut",
            ("跨日切点", "across the day's cut"),
            (
                "交易发生在零点前后，两方记在相邻的两日。",
                "It happened around midnight, and the two sides count it on neighbouring days.",
            ),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::PaidOnAnotherDay,
            "paid_on_another_day",
            ("渠道记在另一日", "on another day at the channel"),
            ("渠道有这一笔，但记在另一日。", "The channel has it on another day."),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::BookedOnAnotherDay,
            "booked_on_another_day",
            ("HIS 记在另一日", "on another day at HIS"),
            ("HIS 有这一笔，但记在另一日。", "HIS has booked it on another day."),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::StillAwaited,
            "still_awaited",
            ("结转待清", "still awaited"),
            (
                "由前一日结转，期限未到，继续等待对方。",
                "It was carried from an earlier day and its deadline has not passed.",
            ),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::WriteBackWaiting,
            "write_back_waiting",
            ("回写等待中", "write-back waiting"),
            (
                "款已到，回写 HIS 尚未成功，系统会继续重试。",
                "The money is here, HIS has not confirmed the write-back, and it is still tried.",
            ),
            Some(It),
            &[Write, Carry, AskAgain],
        ),
        row(
            C::WriteBackParked,
            "write_back_parked",
            ("回写已搁置", "write-back parked"),
            (
                "款已到，回写 HIS 已停止重试，等人处理。",
                "The money is here, and the write-back has given up and waits for a person.",
            ),
            Some(It),
            &[Write, AskAgain, Refund, BookToSuspense],
        ),
        row(
            C::WriteBackRefused,
            "write_back_refused",
            ("HIS 拒绝入账", "write-back refused"),
            (
                "HIS 明确拒绝入账，款项尚未退回患者。",
                "HIS refused the booking, and the money has not gone back to the patient.",
            ),
            Some(Cashier),
            &[Refund, Carry, AskAgain, BookToSuspense],
        ),
        row(
            C::RefusedRefundUnderWay,
            "refused_refund_under_way",
            ("HIS 拒绝入账，退费中", "write-back refused, refund under way"),
            (
                "HIS 拒绝入账，款项正在退回患者。",
                "HIS refused the booking, and the money is on its way back to the patient.",
            ),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::RefusedAndRefunded,
            "refused_and_refunded",
            ("HIS 拒绝入账，已退费", "write-back refused and refunded"),
            (
                "HIS 拒绝入账，款项已退回患者。",
                "HIS refused the booking, and the money is back with the patient.",
            ),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::NeverTold,
            "never_told",
            ("HIS 未被告知", "HIS was never told"),
            (
                "本系统记为已付，却没有回写 HIS 的记录。",
                "We hold it paid, and there is no record of telling HIS.",
            ),
            Some(It),
            &[Write, AskAgain, BookToSuspense],
        ),
        row(
            C::NotBooked,
            "not_booked",
            ("HIS 未入账", "not booked by HIS"),
            (
                "渠道收了款，HIS 没有入账；仅凭两份文件看不出原因。",
                "The channel has the money and HIS did not book it; two files alone do not say why.",
            ),
            None,
            &[AskAgain, Carry, BookToSuspense],
        ),
        row(
            C::BookedAfterRefusal,
            "booked_after_refusal",
            ("拒绝后又入账", "booked after it was refused"),
            (
                "HIS 先拒绝、款已退回或在途，之后 HIS 却入了账（短款），须在 HIS 冲账。",
                "HIS refused, the money went back, and then HIS booked it all the same; it has to be reversed in HIS.",
            ),
            Some(Cashier),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::HisCancelled,
            "his_cancelled",
            ("HIS 已作废", "cancelled in HIS"),
            (
                "HIS 记过账又作废了。须先查明患者是否已在窗口领回现金。",
                "HIS booked it and cancelled it. Find out first whether the patient was given cash at the window.",
            ),
            Some(Cashier),
            &[AskAgain, Refund, BookToSuspense],
        ),
        row(
            C::RefundCancelledInHis,
            "refund_cancelled_in_his",
            ("HIS 已作废退费记账", "refund cancelled in HIS"),
            (
                "HIS 记过退费又作废了，而渠道已把钱退给患者，须在 HIS 重新补记。",
                "HIS booked the refund and cancelled that, and the channel gave the money back; it has to be booked in HIS again.",
            ),
            Some(Cashier),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::HisRowMissing,
            "his_row_missing",
            ("HIS 流水缺行", "row missing in the HIS ledger"),
            (
                "HIS 称已入账，而那一日的流水里没有这一行。",
                "HIS says that it booked it, but its ledger of that day has no such row.",
            ),
            Some(It),
            &[AskAgain, Carry],
        ),
        row(
            C::NewsLost,
            "news_lost",
            ("支付结果丢失", "news lost"),
            (
                "渠道已成功，本系统没有得到消息；再次查询即可补上。",
                "It succeeded at the channel and no news reached us; asking once more brings it in.",
            ),
            Some(It),
            &[AskAgain, Carry],
        ),
        row(
            C::NotificationUnproven,
            "notification_unproven",
            ("通知未能验签", "notification not proven"),
            (
                "收到过该单的通知，但验签未通过，未予采信；请查密钥后再次查询。",
                "A notification came that did not prove itself and was not believed; check the keys and ask once more.",
            ),
            Some(It),
            &[AskAgain, Carry],
        ),
        row(
            C::PaidAfterClose,
            "paid_after_close",
            ("关单后支付", "paid after it was closed"),
            (
                "本系统已关单，渠道却有付款；再次查询即可补上。",
                "It was closed here, and the channel has a payment; asking once more brings it in.",
            ),
            Some(It),
            &[AskAgain, Carry, BookToSuspense],
        ),
        row(
            C::OrderLost,
            "order_lost",
            ("本系统漏单", "order lost here"),
            (
                "单号是本系统的格式，本系统却没有这张单；是否恢复过旧备份？",
                "The number has our form and we have no such order; was an old backup restored?",
            ),
            Some(It),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::JournalDiffers,
            "journal_differs",
            ("网关账不符", "our journal differs"),
            (
                "渠道与 HIS 一致，本系统的账与之不同，须由信息科查明。",
                "The channel and HIS agree and our journal says otherwise; engineers have to find out why.",
            ),
            Some(It),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::PastUs,
            "past_us",
            ("未经本系统", "not through us"),
            (
                "渠道与 HIS 都有，单号不是本系统的：由其他系统收取。",
                "The channel and HIS both have it under a number that is not of our form: another system took it.",
            ),
            None,
            &[],
        ),
        row(
            C::AnotherShop,
            "another_shop",
            ("其他商户流水", "another shop's order"),
            (
                "单号不是本系统的，本系统与 HIS 都不认识：共用商户号的他人流水。",
                "The number is not of our form, and neither we nor HIS know it: somebody else shares the merchant account.",
            ),
            None,
            &[MarkForeign, AskAgain],
        ),
        row(
            C::UnderAnotherNumber,
            "under_another_number",
            ("同一笔在另一单号下", "under another number"),
            (
                "同一渠道交易号、同一金额出现在另一行，两行应是同一笔。",
                "The same amount stands under the same provider number in another row: the two are one movement of money.",
            ),
            Some(Finance),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::StatementNotYet,
            "statement_not_yet",
            ("对账单未出", "statement not there yet"),
            ("该渠道当日的对账单还没有，无从核对。", "The channel's statement of that day is not there yet."),
            None,
            &[AskAgain, Carry],
        ),
        row(
            C::StatementRowMissing,
            "statement_row_missing",
            ("对账单缺行", "row missing in the statement"),
            (
                "渠道称已成功，而那一日的对账单里没有这一行。",
                "The channel says that it happened, but its statement of that day has no such row.",
            ),
            Some(Provider),
            &[AskAgain, Carry],
        ),
        row(
            C::StatementContradicted,
            "statement_contradicted",
            ("对账单与查询不符", "statement and answer differ"),
            (
                "对账单与渠道的查询答复互相矛盾，须向支付机构核实。",
                "The statement and the channel's own answer contradict each other; the provider has to say which is right.",
            ),
            Some(Provider),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::PaidButDenied,
            "paid_but_denied",
            ("渠道前后不一", "the channel takes it back"),
            (
                "渠道告知过已成功，现在又否认，须向支付机构核实。",
                "The channel told us that it succeeded and now denies it; the provider has to say which is right.",
            ),
            Some(Provider),
            &[AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::NeverPaid,
            "never_paid",
            ("渠道无此款", "never paid"),
            (
                "HIS 入了账，渠道没有收到这笔款；须在 HIS 冲账。",
                "HIS booked it and the channel never had the money; it has to be reversed in HIS.",
            ),
            Some(Cashier),
            &[BookToSuspense, AskAgain, WriteOff],
        ),
        row(
            C::DoubledByFile,
            "doubled_by_file",
            ("对账单重复行", "doubled by the statement"),
            (
                "对账单把同一笔写了两遍，实际只有一笔资金。",
                "The statement has the same movement twice; the money moved once.",
            ),
            Some(Provider),
            &[AskAgain],
        ),
        row(
            C::FileDamaged,
            "file_damaged",
            ("文件损坏", "file damaged"),
            (
                "文件中有无法解析的行，整份文件未予采用。",
                "The file has a row that cannot be read, and none of it was used.",
            ),
            Some(It),
            &[AskAgain],
        ),
        row(
            C::FileIncomplete,
            "file_incomplete",
            ("文件不完整", "file incomplete"),
            (
                "文件自带的汇总与明细不符，可能缺行或被改动。",
                "The file's own totals are not those of its rows: rows are missing or were changed.",
            ),
            None,
            &[AskAgain],
        ),
        row(
            C::PaidTwice,
            "paid_twice",
            ("重复支付", "paid twice"),
            (
                "同一账单付了两次，多付的一笔应退回患者。",
                "The same bill was paid twice, and the second payment belongs to the patient.",
            ),
            Some(Finance),
            &[Refund, Carry, AskAgain, BookToSuspense],
        ),
        row(
            C::WrongAmountPaid,
            "wrong_amount_paid",
            ("支付金额不符", "wrong amount paid"),
            (
                "实收金额与下单金额不同，由人决定退回或补收。",
                "Another amount was received than ordered; a person decides.",
            ),
            Some(Finance),
            &[Refund, Carry, AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::StatementAmountDiffers,
            "statement_amount_differs",
            ("对账单金额不同", "statement has another amount"),
            (
                "对账单的金额与渠道告知的实收金额不同。",
                "The statement has another amount than the channel told us that it received.",
            ),
            Some(Provider),
            &[AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::PartlyBooked,
            "partly_booked",
            ("部分入账", "partly booked"),
            (
                "一张账单含多张缴费单，HIS 只入了其中一部分。",
                "Of the slips of one bill HIS booked only a part.",
            ),
            Some(Cashier),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::InsuranceIncluded,
            "insurance_included",
            ("含医保部分", "insurance included"),
            (
                "HIS 记的是含医保的总额，渠道只收了自费部分。",
                "HIS booked the total with insurance, and the channel took the self-pay part.",
            ),
            None,
            &[AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::BookedNet,
            "booked_net",
            ("HIS 按净额入账", "booked less the refund"),
            (
                "HIS 按扣除退费后的净额入账，没有单独的退费行。",
                "HIS booked the sum less the refund and has no row for the refund.",
            ),
            Some(Cashier),
            &[AskAgain, BookToSuspense],
        ),
        row(
            C::BookedOtherSum,
            "booked_other_sum",
            ("HIS 金额不同", "booked another sum"),
            ("HIS 入账的金额与实收金额不同。", "HIS booked another sum than was received."),
            Some(Cashier),
            &[AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::BookedTwice,
            "booked_twice",
            ("HIS 重复入账", "booked twice"),
            (
                "HIS 把同一笔记了两次，须在 HIS 冲掉一笔。",
                "HIS booked it twice, and one of the two has to be reversed in HIS.",
            ),
            None,
            &[AskAgain, WriteOff],
        ),
        row(
            C::HisOwnEntry,
            "his_own_entry",
            ("HIS 自行记账", "HIS's own entry"),
            (
                "单号不是本系统的，本系统没有记录：由收费员手工补记或其他系统写入。",
                "The number is not of our form and we have no record: a cashier or another system wrote it into HIS.",
            ),
            Some(Cashier),
            &[AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::RefundInFlight,
            "refund_in_flight",
            ("退费在途", "refund in flight"),
            ("退费已发起，尚未到账。", "The refund is asked for and has not arrived yet."),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::RefundedLater,
            "refunded_later",
            ("日后已退费", "refunded later"),
            (
                "收款后在另一日全额退回，HIS 收退均未入账。",
                "It was given back whole on another day, and HIS booked neither.",
            ),
            None,
            &[Carry, AskAgain],
        ),
        row(
            C::RefundAbnormal,
            "refund_abnormal",
            ("退费异常", "refund abnormal"),
            (
                "渠道受理了退费却无法送达（如银行卡已销户），须在商户平台处理。",
                "The channel took the refund and cannot deliver it; a person has to act at the provider.",
            ),
            Some(Finance),
            &[AskAgain],
        ),
        row(
            C::RefundRefused,
            "refund_refused",
            ("渠道拒绝退费", "refund refused"),
            (
                "渠道拒绝或关闭了退费，钱还没有回到患者手中。",
                "The channel refused or closed the refund, and the patient does not have the money.",
            ),
            Some(Finance),
            &[Refund, AskAgain, BookToSuspense],
        ),
        row(
            C::RefundPaidByHand,
            "refund_paid_by_hand",
            ("手工退费", "refund paid by hand"),
            (
                "已用现金或转账手工退给患者，渠道不会再有这笔退费。",
                "It was paid back by hand, in cash or from the bank; the channel will never show it.",
            ),
            Some(Finance),
            &[Note, WriteOff],
        ),
        row(
            C::RefundAtPortal,
            "refund_at_portal",
            ("商户平台退费", "refund at the provider's portal"),
            (
                "在支付机构的商户平台直接退费，本系统没有这笔退费的记录。",
                "It was refunded at the provider's own portal, and nobody here knows of it.",
            ),
            Some(Finance),
            &[BookToSuspense, AskAgain],
        ),
        row(
            C::RefundedTwice,
            "refunded_twice",
            ("重复退费", "refunded twice"),
            (
                "同一笔钱退了两次，须向患者追回。",
                "The same money went back twice and has to be claimed from the payer.",
            ),
            Some(Finance),
            &[BookToSuspense, AskAgain],
        ),
        row(
            C::RefundNotTold,
            "refund_not_told",
            ("HIS 未获知退费", "HIS not told of the refund"),
            ("退费已到账，HIS 还没有记。", "The refund has arrived, and HIS has not booked it yet."),
            Some(It),
            &[Write, Carry, AskAgain, BookToSuspense],
        ),
        row(
            C::RefundNotBooked,
            "refund_not_booked",
            ("HIS 拒记退费", "refund not booked by HIS"),
            (
                "退费已到账，HIS 拒绝记账，须在 HIS 手工补记。",
                "The refund has arrived and HIS refuses to book it; book it in HIS by hand.",
            ),
            Some(Cashier),
            &[AskAgain, Write, BookToSuspense],
        ),
        row(
            C::RefundNotSent,
            "refund_not_sent",
            ("HIS 已记退费，未出款", "refund never sent"),
            (
                "HIS 记了退费，却没有人向渠道发起。须先查明患者是否已在窗口领回现金。",
                "HIS booked a refund that nobody sent to the channel. Find out first whether the patient was given cash at the window.",
            ),
            Some(Cashier),
            &[AskAgain, Refund, Carry, WriteOff],
        ),
        row(
            C::RefundOtherSum,
            "refund_other_sum",
            ("退费金额不同", "refund of another sum"),
            ("各方所记的退费金额不同。", "The sides have the refund with different sums."),
            Some(Finance),
            &[AskAgain, BookToSuspense, WriteOff],
        ),
        row(
            C::OtherAccount,
            "other_account",
            ("入账账户不符", "another merchant account"),
            (
                "钱进了另一个商户号，账记在了这个商户号。",
                "The money is in one merchant account and was booked to another.",
            ),
            None,
            &[AskAgain, WriteOff],
        ),
        row(
            C::FeeRateDiffers,
            "fee_rate_differs",
            ("手续费率不符", "fee rate differs"),
            (
                "支付机构扣的手续费与合同费率不符，须向其索回或更正费率设置。",
                "The provider's fee is not what the contract says: claim it back, or correct the rate in the settings.",
            ),
            Some(Finance),
            &[Carry, Note, WriteOff],
        ),
        row(
            C::InsurancePartsDiffer,
            "insurance_parts_differ",
            ("医保分项不符", "insurance parts differ"),
            (
                "现金部分一致，医保支付的部分各方不同，须逐项核对，由记错的一方更正。",
                "The money agrees and what insurance bore does not; compare part by part, and have it corrected where it is wrong.",
            ),
            None,
            &[AskAgain, WriteOff],
        ),
        row(
            C::DepositDiffers,
            "deposit_differs",
            ("预交金明细不符", "deposit line differs"),
            (
                "金额一致，一方记作住院预交金，另一方记作收费：预交金是欠患者的钱，不是收入，须在 HIS 更正。",
                "The money agrees; one side books it as a deposit and another as revenue. A deposit is owed to the patient: have it corrected in HIS.",
            ),
            Some(Cashier),
            &[AskAgain, WriteOff],
        ),
        row(
            C::CouldNotAsk,
            "could_not_ask",
            ("未能查询", "could not be asked"),
            (
                "对方没有给出可用的答复，暂不能判断。",
                "The other side gave no usable answer, so nothing can be said yet.",
            ),
            Some(It),
            &[AskAgain, Carry, BookToSuspense],
        ),
        row(
            C::Unknown,
            "unknown",
            ("原因不明", "unknown"),
            (
                "已知的事实都不能解释，须由人查看。",
                "Nothing that is known explains it; a person has to look.",
            ),
            None,
            &[AskAgain, BookToSuspense, WriteOff],
        ),
    ]
};

impl Cause {
    /// All causes.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Agreed; TABLE.len()];
        let mut index = 0;
        while index < TABLE.len() {
            all[index] = TABLE[index].cause;
            index += 1;
        }
        all
    };

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    /// Reads the stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }

    /// What staff call it.
    pub const fn chinese(self) -> &'static str {
        self.row().chinese
    }

    /// The same in English.
    pub const fn english(self) -> &'static str {
        self.row().english
    }

    /// What it means and what follows from it, for staff.
    pub const fn chinese_sentence(self) -> &'static str {
        self.row().sentence.0
    }

    /// The same in English.
    pub const fn english_sentence(self) -> &'static str {
        self.row().sentence.1
    }

    /// Who has to act first, where it is not the category's owner.
    pub(super) const fn owner(self) -> Option<Owner> {
        self.row().owner
    }

    /// What helps, the most advisable first. Not all of it is safe in every case.
    pub(super) const fn advice(self) -> &'static [Remedy] {
        self.row().advice
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.cause as usize, index, "{}", row.word);
        }
    }

    #[test]
    fn every_word_name_and_sentence_is_there_once() {
        for pick in
            [Cause::as_str, Cause::chinese, Cause::english, Cause::chinese_sentence, Cause::english_sentence]
        {
            let seen: BTreeSet<&str> = Cause::ALL.into_iter().map(pick).collect();
            assert_eq!(seen.len(), Cause::ALL.len());
        }
        for cause in Cause::ALL {
            assert_eq!(Cause::parse(cause.as_str()), Some(cause));
            assert!(cause.chinese_sentence().ends_with(['。', '？']), "{cause:?}");
            assert!(cause.english_sentence().ends_with(['.', '?']), "{cause:?}");
        }
        assert_eq!(Cause::parse("because"), None);
    }

    #[test]
    fn nothing_is_written_off_first() {
        for cause in Cause::ALL {
            assert_ne!(cause.advice().first(), Some(&Remedy::WriteOff), "{cause:?}");
        }
    }
}
