//! Who may do what at the hospital's screens: roles, rights, and the one table between them.
//!
//! A person may have several roles; a right that any of them has is theirs. What a person may not do with their **own** work (approve
//! their own request) is no right: the use case asks who did it.

use std::fmt;

/// What a person is at the hospital.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// 收费员: finds, refunds, takes money, closes the shift.
    Cashier,
    /// 收费组长: approves, unlocks, closes over what is unresolved.
    CashierLead,
    /// 财务: works on differences.
    Finance,
    /// 财务主管: approves remedies and signs days.
    FinanceLead,
    /// 审计员: reads everything, changes nothing.
    Auditor,
    /// 管理员: people, keys, limits; sees no patient and moves no money.
    Administrator,
}

impl Role {
    /// Every role, in the order of the table.
    pub const ALL: [Self; 6] = [
        Self::Cashier,
        Self::CashierLead,
        Self::Finance,
        Self::FinanceLead,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The word in the database and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cashier => "cashier",
            Self::CashierLead => "cashier-lead",
            Self::Finance => "finance",
            Self::FinanceLead => "finance-lead",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// What it is called at the hospital.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::Cashier => "收费员",
            Self::CashierLead => "收费组长",
            Self::Finance => "财务",
            Self::FinanceLead => "财务主管",
            Self::Auditor => "审计员",
            Self::Administrator => "管理员",
        }
    }

    /// The same in English.
    pub const fn english(self) -> &'static str {
        match self {
            Self::Cashier => "cashier",
            Self::CashierLead => "cashier lead",
            Self::Finance => "finance",
            Self::FinanceLead => "finance lead",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// Whether a password alone is not enough: whoever can let money go in large sums, see everything, or make people.
    pub const fn needs_second_factor(self) -> bool {
        match self {
            Self::FinanceLead | Self::Administrator => true,
            Self::Cashier | Self::CashierLead | Self::Finance | Self::Auditor => false,
        }
    }

    /// The table.
    pub const fn may(self, right: Right) -> bool {
        use Right as R;
        use Role::{Administrator, Auditor, Cashier, CashierLead, Finance, FinanceLead};
        match right {
            R::OwnAccount => true,
            R::FindOrders => !matches!(self, Administrator),
            R::Unmask => matches!(self, Cashier | CashierLead | FinanceLead | Auditor),
            R::AskChannel => matches!(self, Cashier | CashierLead | Finance | FinanceLead),
            R::RequestRefund => matches!(self, Cashier | CashierLead),
            R::ApproveRefund => matches!(self, CashierLead | FinanceLead),
            R::PrintSheets | R::TakeMoney | R::CloseShift => matches!(self, Cashier | CashierLead),
            R::CloseShiftOverUnknown | R::CountersignShift | R::TakeOverShift | R::UnlockCashiers => {
                matches!(self, CashierLead)
            }
            R::ReadShifts => matches!(self, CashierLead | Finance | FinanceLead | Auditor),
            R::ReadReconciliation => matches!(self, Finance | FinanceLead | Auditor),
            R::Compare | R::WorkOnDifferences => matches!(self, Finance | FinanceLead),
            R::ApproveRemedy | R::SignDay => matches!(self, FinanceLead),
            R::ExportReports => matches!(self, Finance | FinanceLead | Auditor),
            R::ReadDashboard => matches!(self, CashierLead | Finance | FinanceLead | Auditor),
            R::ReadSetup => matches!(self, Auditor | Administrator),
            R::ReadRules => matches!(self, FinanceLead | Auditor | Administrator),
            R::UnmaskBlocked => matches!(self, FinanceLead | Auditor),
            R::ApproveRules => matches!(self, FinanceLead | Administrator),
            R::ManageStaff
            | R::ManageKeys
            | R::ManageLimits
            | R::ManageTexts
            | R::ManageAccounts
            | R::RetryTasks => {
                matches!(self, Administrator)
            }
            R::ReadAudit => matches!(self, FinanceLead | Auditor | Administrator),
            R::ExportAudit => matches!(self, Auditor),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that a page or a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Password, second factor, sessions: one's own.
    OwnAccount,
    /// Find orders and read their stories, with masked names.
    FindOrders,
    /// See a person's data in full, with a reason that is written down.
    Unmask,
    /// Ask channel and HIS about an order once more.
    AskChannel,
    /// Ask for money back for a patient.
    RequestRefund,
    /// Be the second person of a refund.
    ApproveRefund,
    /// Print slips and receipts.
    PrintSheets,
    /// Take cash, cards and payment codes.
    TakeMoney,
    /// Close one's own shift.
    CloseShift,
    /// Close a shift although something of it is unknown yet.
    CloseShiftOverUnknown,
    /// Be the second person of a closing over a large difference.
    CountersignShift,
    /// Close a shift that somebody else has left, and take over the cash of one that is closed.
    TakeOverShift,
    /// Let a locked cashier in again.
    UnlockCashiers,
    /// Read shifts of others.
    ReadShifts,
    /// Read runs, differences, settlement.
    ReadReconciliation,
    /// Compare a day, bring a statement.
    Compare,
    /// Assign, note, order a remedy.
    WorkOnDifferences,
    /// Be the second person of a remedy.
    ApproveRemedy,
    /// Sign a day off.
    SignDay,
    /// Take lists and reports away as files.
    ExportReports,
    /// Read the dashboard.
    ReadDashboard,
    /// Read how the gateway is set up: accounts, keys without their secrets, limits, tasks, people.
    ReadSetup,
    /// Make and change staff accounts.
    ManageStaff,
    /// Make and revoke API keys.
    ManageKeys,
    /// Read limits, the blocklist and message templates, with their history.
    ReadRules,
    /// See whom an entry of the blocklist is about, with a reason that is written down.
    UnmaskBlocked,
    /// Propose limits, and keep the blocklist.
    ManageLimits,
    /// Propose message templates, and change what pages say of the hospital.
    ManageTexts,
    /// Be the second person of a change of limits or templates.
    ApproveRules,
    /// Change merchant and bank accounts.
    ManageAccounts,
    /// Retry and close parked tasks.
    RetryTasks,
    /// Read the audit trail, and have it verified.
    ReadAudit,
    /// Take the audit trail away as a file.
    ExportAudit,
}

impl Right {
    /// Every right, in the order in which the roles page shows them.
    pub const ALL: [Self; 33] = [
        Self::OwnAccount,
        Self::FindOrders,
        Self::Unmask,
        Self::AskChannel,
        Self::RequestRefund,
        Self::ApproveRefund,
        Self::PrintSheets,
        Self::TakeMoney,
        Self::CloseShift,
        Self::CloseShiftOverUnknown,
        Self::CountersignShift,
        Self::TakeOverShift,
        Self::UnlockCashiers,
        Self::ReadShifts,
        Self::ReadReconciliation,
        Self::Compare,
        Self::WorkOnDifferences,
        Self::ApproveRemedy,
        Self::SignDay,
        Self::ExportReports,
        Self::ReadDashboard,
        Self::ReadSetup,
        Self::ManageStaff,
        Self::ManageKeys,
        Self::ReadRules,
        Self::UnmaskBlocked,
        Self::ManageLimits,
        Self::ManageTexts,
        Self::ApproveRules,
        Self::ManageAccounts,
        Self::RetryTasks,
        Self::ReadAudit,
        Self::ExportAudit,
    ];

    /// Whether somebody with these roles has it.
    pub fn is_had_by(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| role.may(self))
    }

    /// What it allows, as the roles page says it.
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::OwnAccount => "管理自己的密码与登录",
            Self::FindOrders => "查找支付单、看经过",
            Self::Unmask => "填理由看完整个人信息",
            Self::AskChannel => "向渠道和 HIS 再查询",
            Self::RequestRefund => "申请退费",
            Self::ApproveRefund => "审批退费",
            Self::PrintSheets => "打印缴费单、收据",
            Self::TakeMoney => "收现金、刷卡、付款码",
            Self::CloseShift => "交款日结",
            Self::CloseShiftOverUnknown => "有未知笔时放行日结",
            Self::CountersignShift => "会签日结的大额差额",
            Self::TakeOverShift => "代结班、签收现金",
            Self::UnlockCashiers => "解锁收费员",
            Self::ReadShifts => "看他人日结",
            Self::ReadReconciliation => "看对账与差异",
            Self::Compare => "重跑对账、上传账单",
            Self::WorkOnDifferences => "处理差异",
            Self::ApproveRemedy => "审批差异处理",
            Self::SignDay => "签结",
            Self::ExportReports => "导出报表",
            Self::ReadDashboard => "看经营看板",
            Self::ReadSetup => "看系统设置",
            Self::ManageStaff => "管理人员",
            Self::ManageKeys => "管理接口密钥",
            Self::ReadRules => "看限额、黑名单、短信模板",
            Self::UnmaskBlocked => "填理由看黑名单的完整号码",
            Self::ManageLimits => "提出改限额、管黑名单",
            Self::ManageTexts => "提出改短信模板、改医院与院区",
            Self::ApproveRules => "审批限额与模板的改动",
            Self::ManageAccounts => "改商户号与账户",
            Self::RetryTasks => "处理搁置任务",
            Self::ReadAudit => "看审计日志",
            Self::ExportAudit => "导出审计日志",
        }
    }

    /// The same in English.
    pub const fn english(self) -> &'static str {
        match self {
            Self::OwnAccount => "manage one's own password and sessions",
            Self::FindOrders => "find orders and read their stories",
            Self::Unmask => "see personal data in full, with a reason",
            Self::AskChannel => "ask channel and HIS once more",
            Self::RequestRefund => "ask for a refund",
            Self::ApproveRefund => "approve a refund",
            Self::PrintSheets => "print slips and receipts",
            Self::TakeMoney => "take cash, cards and payment codes",
            Self::CloseShift => "close one's own shift",
            Self::CloseShiftOverUnknown => "let a shift close over unknown items",
            Self::CountersignShift => "countersign a till that is far over or short",
            Self::TakeOverShift => "close a shift for somebody, receive its cash",
            Self::UnlockCashiers => "unlock cashiers",
            Self::ReadShifts => "read others' shifts",
            Self::ReadReconciliation => "read reconciliation",
            Self::Compare => "compare a day, upload statements",
            Self::WorkOnDifferences => "work on differences",
            Self::ApproveRemedy => "approve remedies",
            Self::SignDay => "sign a day off",
            Self::ExportReports => "export reports",
            Self::ReadDashboard => "read the dashboard",
            Self::ReadSetup => "read the setup",
            Self::ManageStaff => "manage staff",
            Self::ManageKeys => "manage API keys",
            Self::ReadRules => "read limits, blocklist and templates",
            Self::UnmaskBlocked => "see a blocked number in full, with a reason",
            Self::ManageLimits => "propose limits, keep the blocklist",
            Self::ManageTexts => "propose templates, change hospital and campuses",
            Self::ApproveRules => "approve changes of limits and templates",
            Self::ManageAccounts => "change merchant and bank accounts",
            Self::RetryTasks => "retry parked tasks",
            Self::ReadAudit => "read the audit trail",
            Self::ExportAudit => "export the audit trail",
        }
    }

    /// Whether using it changes something beyond one's own account and the trail.
    pub const fn changes_something(self) -> bool {
        match self {
            Self::OwnAccount
            | Self::FindOrders
            | Self::Unmask
            | Self::ReadShifts
            | Self::ReadReconciliation
            | Self::ExportReports
            | Self::ReadDashboard
            | Self::ReadSetup
            | Self::ReadRules
            | Self::UnmaskBlocked
            | Self::ReadAudit
            | Self::ExportAudit => false,
            Self::AskChannel
            | Self::RequestRefund
            | Self::ApproveRefund
            | Self::PrintSheets
            | Self::TakeMoney
            | Self::CloseShift
            | Self::CloseShiftOverUnknown
            | Self::CountersignShift
            | Self::TakeOverShift
            | Self::UnlockCashiers
            | Self::Compare
            | Self::WorkOnDifferences
            | Self::ApproveRemedy
            | Self::SignDay
            | Self::ManageStaff
            | Self::ManageKeys
            | Self::ManageLimits
            | Self::ManageTexts
            | Self::ApproveRules
            | Self::ManageAccounts
            | Self::RetryTasks => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn every_right_stands_in_the_list_once_and_somebody_has_it() {
        for (at, right) in Right::ALL.iter().enumerate() {
            assert!(!Right::ALL[..at].contains(right));
            assert!(Role::ALL.iter().any(|role| role.may(*right)), "{right:?} is had by nobody");
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        for right in Right::ALL {
            assert!(!(Role::Auditor.may(right) && right.changes_something()), "{right:?}");
        }
    }

    #[test]
    fn an_administrator_sees_no_patient_and_moves_no_money() {
        for right in [
            Right::FindOrders,
            Right::Unmask,
            Right::RequestRefund,
            Right::ApproveRefund,
            Right::TakeMoney,
            Right::WorkOnDifferences,
            Right::ApproveRemedy,
            Right::SignDay,
        ] {
            assert!(!Role::Administrator.may(right), "{right:?}");
        }
    }

    #[test]
    fn whoever_sees_a_blocked_number_in_full_may_see_persons_and_read_the_list() {
        for role in Role::ALL {
            let both = role.may(Right::Unmask) && role.may(Right::ReadRules);
            assert_eq!(role.may(Right::UnmaskBlocked), both, "{role}");
        }
    }

    #[test]
    fn nobody_who_only_asks_also_approves() {
        assert!(Role::Cashier.may(Right::CloseShift) && !Role::Cashier.may(Right::CountersignShift));
        assert!(!Role::Cashier.may(Right::ApproveRefund));
        assert!(!Role::Finance.may(Right::ApproveRemedy) && !Role::Finance.may(Right::SignDay));
    }

    #[test]
    fn who_approves_large_sums_or_makes_people_needs_a_second_factor() {
        for role in Role::ALL {
            let large = [Right::ApproveRemedy, Right::SignDay, Right::ManageStaff, Right::ApproveRules]
                .into_iter()
                .any(|right| role.may(right));
            assert!(!large || role.needs_second_factor(), "{role}");
        }
    }

    #[test]
    fn several_roles_add_up() {
        let roles = [Role::Cashier, Role::Auditor];
        assert!(Right::RequestRefund.is_had_by(&roles) && Right::ReadAudit.is_had_by(&roles));
        assert!(!Right::SignDay.is_had_by(&roles) && !Right::SignDay.is_had_by(&[]));
    }
}
