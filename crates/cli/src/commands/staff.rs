//! `mingfen staff`: accounts of the hospital's staff. The first administrator is made here; the rest is done at the screens.

use crate::arguments::{Staff, StaffRole};
use crate::assemble::Checked;
use crate::exit::{Exit, Refusal};
use crate::screen::{Screen, Tone};
use crate::words;
use mingfen_config::Sources;
use mingfen_domain::access::Role;
use mingfen_gateway::Gateway;
use mingfen_gateway::service::staff::{
    AccountRefused, NewAccount, add_staff, first_password_again, forget_second_factor, let_in_again,
};
use mingfen_store::StaffRecord;
use serde_json::{Value, json};

/// For the audit trail: whoever has the configuration and its keys.
const BY: &str = "command line";

pub async fn run(sources: &Sources, action: Staff, screen: &mut Screen) -> anyhow::Result<Exit> {
    let gateway = Checked::from_sources(sources)?.gateway().await?;
    match action {
        Staff::Add { staff_no, name, roles, place } => {
            let account =
                NewAccount { staff_no, name, roles: roles.into_iter().map(role_of).collect(), place };
            let first = add_staff(&gateway, &account, BY).await.map_err(refused)?;
            told(screen, &account.staff_no, &first);
            Ok(Exit::Done)
        }
        Staff::List { json } => list(&gateway, json, screen).await,
        Staff::Reset { staff_no, second_factor } => {
            if second_factor {
                forget_second_factor(&gateway, &staff_no, BY).await.map_err(refused)?;
            }
            let first = first_password_again(&gateway, &staff_no, BY).await.map_err(refused)?;
            told(screen, &staff_no, &first);
            Ok(Exit::Done)
        }
        Staff::Unlock { staff_no } => {
            let_in_again(&gateway, &staff_no, BY).await.map_err(refused)?;
            screen.line(format!("{staff_no} may try again."));
            Ok(Exit::Done)
        }
    }
}

fn told(screen: &mut Screen, staff_no: &str, first: &str) {
    let password = screen.toned(Tone::Good, first);
    screen.line(format!("Account {staff_no}, password for the first sign-in: {password}"));
    screen.line("It is shown only now, and must be replaced when it was used.");
}

fn refused(refused: AccountRefused) -> anyhow::Error {
    match refused {
        AccountRefused::Trouble(trouble) => trouble.into(),
        refused => Refusal(format!("{refused}; see `mingfen staff list`")).into(),
    }
}

const fn role_of(role: StaffRole) -> Role {
    match role {
        StaffRole::Cashier => Role::Cashier,
        StaffRole::CashierLead => Role::CashierLead,
        StaffRole::Finance => Role::Finance,
        StaffRole::FinanceLead => Role::FinanceLead,
        StaffRole::Auditor => Role::Auditor,
        StaffRole::Administrator => Role::Administrator,
    }
}

async fn list(gateway: &Gateway, as_json: bool, screen: &mut Screen) -> anyhow::Result<Exit> {
    let mut all: Vec<StaffRecord> = Vec::new();
    loop {
        let after = all.last().map(|last| last.staff_no.clone()).unwrap_or_default();
        let page = gateway.store().staff_list(&after, 200).await?;
        if page.is_empty() {
            break;
        }
        all.extend(page);
    }
    let roles =
        |record: &StaffRecord| record.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    if as_json {
        screen.json(&Value::Array(
            all.iter()
                .map(|record| {
                    json!({
                        "staff_no": record.staff_no,
                        "name": record.name,
                        "roles": record.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>(),
                        "place": record.place,
                        "active": record.active,
                        "locked": record.locked_until > gateway.now(),
                        "second_factor": record.totp_sealed.is_some(),
                        "last_in_at": record.last_in_at.map(|at| at.to_rfc3339()),
                    })
                })
                .collect(),
        ));
    } else if all.is_empty() {
        screen.line("Nobody has an account yet. Make the first one:");
        screen.line("  mingfen staff add 0001 --name NAME --role administrator");
    } else {
        let mut table = screen.table(&["number", "name", "roles", "state", "last sign-in"]);
        for record in &all {
            let state = match (record.active, record.locked_until > gateway.now(), record.must_change) {
                (false, ..) => "switched off",
                (_, true, _) => "locked",
                (_, _, true) => "first password",
                _ => "active",
            };
            let last = record.last_in_at.map(words::short_time).unwrap_or_default();
            table.add_row([
                record.staff_no.clone(),
                record.name.clone(),
                roles(record),
                state.to_owned(),
                last,
            ]);
        }
        screen.line(table.to_string());
    }
    Ok(Exit::Done)
}
