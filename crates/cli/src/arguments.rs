//! What a person can type.

use crate::exit;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use mingfen_vault::chain::{Kept, Link};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  mingfen demo                                try everything on this machine
  mingfen config check --config mingfen.toml  tell all that is wrong with it
  mingfen serve --config mingfen.toml         run the gateway
  mingfen order P261125ABCDEFGH12345678        the whole story of a payment";

/// The hospital's scan-to-pay gateway: a patient scans the code on a fee slip and pays, HIS is told, refunds go back.
#[derive(Debug, Parser)]
#[command(
    name = "mingfen",
    version,
    arg_required_else_help = true,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n\n{}", exit::CODES)
)]
pub struct Cli {
    /// The configuration file; whatever it does not say has a default
    #[arg(long, short = 'c', global = true, env = "MINGFEN_CONFIG", value_name = "PATH")]
    pub config: Option<PathBuf>,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Try the whole path on this machine: simulated WeChat Pay, Alipay, HIS and SMS, and a gateway between them
    Demo(Demo),
    /// Run the gateway
    #[command(after_help = "Example:\n  mingfen serve --config /etc/mingfen/mingfen.toml\n\n\
        SIGTERM or Ctrl-C stops it gracefully: no new request is taken, those under\n\
        way end, then it exits.\n\
        A SQLite database is brought up to date by itself; PostgreSQL by\n\
        `mingfen migrate`, once for all processes.")]
    Serve,
    /// Bring the database up to date
    Migrate(Migrate),
    /// Send money back to where it came from
    Refund(Refund),
    /// Tell the whole story of an order, step by step
    Order(Order),
    /// Make a fee slip with its code for paper, or the code alone
    Slip(Slip),
    /// Look at background work, above all what waits for a person
    Tasks(Tasks),
    /// Make and help accounts of the hospital's staff, the first administrator's above all
    #[command(subcommand)]
    Staff(Staff),
    /// Prove that the books balance and that the audit chain holds
    #[command(after_help = "Checks every journal entry, what each fen is explained by, that everything\n\
        unfinished has a task, and every link of the audit chain, all as it is at one\n\
        moment. Exits with 0 when all is sound and with 4 when not. Changes nothing.\n\n\
        It prints the anchor: the last link of the chain. Write it down where nobody at\n\
        the database reaches it, and give it to a later run: that the end of the chain\n\
        was cut off, or all of it made anew, is seen by nothing else.\n\n\
        Examples:\n  mingfen verify\n  mingfen verify --anchor 4711:9f2c…  the anchor of last Monday")]
    Verify(Verify),
    /// Compare the books of channel and HIS
    Reconcile(ReconcileCommand),
    /// Tell one order's whole story across channel, gateway and HIS
    Explain(Explain),
    /// Run the simulator alone, for rehearsals and for other programs' tests
    Simulate(Simulate),
    /// Check, document or show the settings
    #[command(subcommand)]
    Config(Config),
    /// Make keys, or say what a key file is
    #[command(subcommand)]
    Keys(Keys),
    /// Print completions for a shell
    #[command(after_help = "Examples:\n  mingfen completions bash > /etc/bash_completion.d/mingfen\n  \
        mingfen completions zsh > ~/.zfunc/_mingfen")]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What `staff` can do.
#[derive(Debug, Subcommand)]
pub enum Staff {
    /// Make an account and print its password for the first sign-in
    #[command(after_help = "Examples:\n  mingfen staff add 0001 --name 周岚 --role administrator\n  \
        mingfen staff add 0201 --name 陈敏 --role cashier --place '门诊 3 号窗口'\n\n\
        The password is printed once and kept nowhere; it must be replaced at the first\n\
        sign-in. Everything else is done at the screens of the internal listener.")]
    Add {
        /// The staff number: letters, digits, dashes
        staff_no: String,
        /// The name
        #[arg(long)]
        name: String,
        /// What they are; may be given several times
        #[arg(long = "role", required = true, value_enum)]
        roles: Vec<StaffRole>,
        /// Where they sit, for their pages and sheets
        #[arg(long, default_value = "")]
        place: String,
    },
    /// List the accounts
    List {
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Give an account another password for the next sign-in
    Reset {
        /// The staff number
        staff_no: String,
        /// Forget the second factor as well: the phone is lost
        #[arg(long)]
        second_factor: bool,
    },
    /// Let a locked account in again
    Unlock {
        /// The staff number
        staff_no: String,
    },
}

/// A role on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StaffRole {
    /// Finds, refunds, takes money, closes the shift
    Cashier,
    /// Approves refunds, unlocks cashiers
    CashierLead,
    /// Works on differences
    Finance,
    /// Approves remedies and signs days
    FinanceLead,
    /// Reads everything and changes nothing
    Auditor,
    /// Sets people, keys and limits
    Administrator,
}

/// Options of `demo`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mingfen demo                a fresh hospital, forgotten when you stop it\n  \
    mingfen demo --data ./demo  keeps database and keys to look at afterwards\n  \
    mingfen demo --lan          lets a phone in the same network pay\n  \
    mingfen demo --json         the addresses for a script, one JSON object\n  \
    mingfen demo --no-history   an empty hospital, ready in a second\n\n\
    Before it is ready it lives through the three months before today: patients\n\
    pay on the phone or at a window, cashiers give back, count their tills and hand\n\
    the cash in, finance compares, settles and signs each day, all by the gateway\n\
    itself on a clock that was set back. The last days have open differences of many\n\
    kinds and a shift is open, for you to work on; `mingfen verify` holds.\n\n\
    Open the link in a browser; with the user agent of WeChat or Alipay it goes\n\
    straight to that app's way of paying. The password on the simulated pay sheet\n\
    is any six digits. A directory that holds an earlier demo is refused, because\n\
    the simulated hospital remembers nothing of it.\n\n\
    Everything listens on 127.0.0.1 only. With --lan or --listen the patient pages\n\
    and the simulator are there for everybody in that network, with its HIS, its\n\
    messages and its controls, over plain HTTP: for a network of your own, and no\n\
    longer than you look at it. The HIS API stays on 127.0.0.1."
)]
pub struct Demo {
    /// Port of the patient pages; internal listener and simulator take the next two. By default 7080, or free ones
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=65533))]
    pub port: Option<u16>,
    /// Let a phone in this machine's network scan the code and pay
    #[arg(long)]
    pub lan: bool,
    /// Like --lan, at this address of this machine
    #[arg(long, value_name = "ADDRESS", conflicts_with = "lan")]
    pub listen: Option<std::net::Ipv4Addr>,
    /// Keep database, keys and configuration in this directory, which holds no earlier demo
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The patient's card; the demo HIS page lists the others
    #[arg(long, value_name = "CARD", default_value = mingfen_simulator::his::DEMO_CARD_NO)]
    pub card: String,
    /// How many days the hospital has lived before today
    #[arg(
        long,
        value_name = "DAYS",
        default_value_t = 90,
        value_parser = clap::value_parser!(u16).range(1..=366)
    )]
    pub history: u16,
    /// Begin with an empty hospital, as on its first day
    #[arg(long, conflicts_with = "history")]
    pub no_history: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

impl Demo {
    /// Days of history; none at all: 0.
    pub fn history_days(&self) -> usize {
        if self.no_history { 0 } else { usize::from(self.history) }
    }
}

/// Options of `migrate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mingfen migrate          apply what is missing; safe to repeat\n  \
    mingfen migrate --check  only say what is missing; exits with 4 then")]
pub struct Migrate {
    /// Change nothing, only say what is missing
    #[arg(long)]
    pub check: bool,
}

/// Options of `refund`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  mingfen refund P261125ABCDEFGH12345678 --reason 检查取消\n  \
    mingfen refund B261125ABCDEFGH12345678 --amount 12.50 --reason 药品退回 --yes\n\n\
    Shows what will happen first, and asks. HIS is asked whether it allows the\n\
    refund. The money goes the way it came; the same\n\
    --request-key again never refunds twice.")]
pub struct Refund {
    /// The order's or the bill's number
    #[arg(value_name = "ORDER")]
    pub number: String,
    /// How much, in yuan; without it all that is left
    #[arg(long, value_name = "YUAN", allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// Only this slip of the bill: its own share, or --amount of it
    #[arg(long, value_name = "SLIP")]
    pub slip: Option<String>,
    /// Why; the payer reads it
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Write down money that was given back in cash or from the bank, because the channel could not; nothing is sent
    #[arg(long)]
    pub by_hand: bool,
    /// Refund it although the same was refunded within a day
    #[arg(long)]
    pub again: bool,
    /// Who asks, for the audit trail
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Your own number for this request
    #[arg(long, value_name = "KEY")]
    pub request_key: Option<String>,
    /// Do not ask
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Print the result as JSON; needs --yes
    #[arg(long, requires = "yes")]
    pub json: bool,
}

/// Options of `order`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mingfen order P261125ABCDEFGH12345678\n  mingfen order MZ202611250001 --json\n\n\
    Any number finds it: the slip's, the bill's, the order's, the refund's, the\n\
    provider's own, and what a patient reads out: the code for staff, or the\n\
    voucher number."
)]
pub struct Order {
    /// Any number of it
    pub number: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `slip`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  mingfen slip A10023846021 --out slip.html     everything owed, on A5\n  \
    mingfen slip A10023846021 --paper 58mm --out slip.html\n  \
    mingfen slip A10023846021 --out code.png      the code alone, as PNG or SVG\n\n\
    What is owed, and whose the card is, is asked of HIS. The sheet holds masked\n\
    names only; its code works for timing.link_valid.\n\
    Existing files are never overwritten."
)]
pub struct Slip {
    /// The patient's card
    #[arg(value_name = "CARD")]
    pub card: String,
    /// Only these slips on the sheet; the code opens everything that is owed
    #[arg(long = "slip", value_name = "NUMBER")]
    pub slips: Vec<String>,
    /// Where to write: .html is the sheet, .png and .svg are the code alone
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// What the sheet is printed on
    #[arg(long, value_enum, default_value_t = SlipPaper::A5)]
    pub paper: SlipPaper,
    /// Dots for each module of the code; on paper of 203 to the inch, and no more than fit
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub dots: Option<u32>,
    /// Light modules around the code; scanners are promised four
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=16))]
    pub margin: u32,
    /// Who prints it, for the audit trail
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print the link as JSON
    #[arg(long)]
    pub json: bool,
}

/// Papers of a slip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SlipPaper {
    /// A5, from an office printer
    A5,
    /// A roll of 80 mm
    #[value(name = "80mm")]
    Roll80,
    /// A roll of 58 mm
    #[value(name = "58mm")]
    Roll58,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A link that was written down earlier, whole or as a sheet has it: the chain must contain it
    #[arg(long, value_name = "SEQ:HASH", value_parser = kept)]
    pub anchor: Option<Kept>,
    /// After a broken chain was looked into: let it go on from this link, its last one; becomes a row of the audit trail
    #[arg(long, value_name = "SEQ:HASH", value_parser = link, conflicts_with_all = ["anchor", "json"])]
    pub accept: Option<Link>,
    /// Who accepts, for the audit trail
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn kept(text: &str) -> Result<Kept, String> {
    Kept::parse(text).ok_or_else(|| {
        "wanted is what `mingfen verify` or a sheet printed: a number, a colon, 16 to 64 hexadecimal digits"
            .to_owned()
    })
}

fn link(text: &str) -> Result<Link, String> {
    Link::parse(text).ok_or_else(|| {
        "wanted is what `mingfen verify` printed: a number, a colon, 64 hexadecimal digits".to_owned()
    })
}

/// Options of `tasks`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  mingfen tasks               what waits for a person\n  \
    mingfen tasks list --all    everything that is not done\n  mingfen tasks retry ID      try a parked task again now\n  \
    mingfen tasks run           do all that is due now, then exit"
)]
pub struct Tasks {
    /// What to do; `list` when nothing is said
    #[command(subcommand)]
    pub action: Option<TaskAction>,
    /// Options of `list`
    #[command(flatten)]
    pub list: TaskList,
}

/// What can be done with tasks.
#[derive(Debug, Subcommand)]
pub enum TaskAction {
    /// List tasks; exits with 4 when some wait for a person
    List(TaskList),
    /// Make a parked task due now
    Retry {
        /// Its id from `tasks list`
        id: String,
    },
    /// Close a parked task that a person has dealt with; moves no money
    Close {
        /// Its id from `tasks list`
        id: String,
        /// What was found and what was done, for the auditor
        #[arg(long)]
        note: String,
    },
    /// Do everything that is due now, then exit
    Run,
}

/// Options of `tasks list`.
#[derive(Clone, Debug, Args)]
pub struct TaskList {
    /// Also those that go on by themselves
    #[arg(long)]
    pub all: bool,
    /// At most this many
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(i64).range(1..=10_000))]
    pub limit: i64,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `mingfen reconcile` itself, and what stands below it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:\n  mingfen reconcile --day 2026-11-24\n  \
    mingfen reconcile --day 2026-11-24 --channel wechat-main\n  \
    mingfen reconcile show --day 2026-11-24\n  \
    mingfen reconcile remedy --day 2026-11-24 --finding 3 write_back_now \\\n      \
    --reason \"HIS was down\"\n  \
    mingfen reconcile sign --day 2026-11-24\n\n\
    With --day, a running installation fetches the channels' statements, its own\n\
    journal and HIS's ledger, compares them and keeps the run. A rerun is another\n\
    version, and none when nothing has changed. With --channel it is a look at one\n\
    account, kept beside the day's own run.\n\n\
    Exits with 0 when nothing is open, with 1 when there are differences, and with 2\n\
    when nothing was compared: the day is not over, is signed off, or HIS did not\n\
    give its whole ledger.")]
pub struct ReconcileCommand {
    /// What else
    #[command(subcommand)]
    pub action: Option<Reconcile>,
    /// Compare this day
    #[command(flatten)]
    pub day: ReconcileDay,
}

/// Options of `reconcile --day`.
#[derive(Debug, Args)]
pub struct ReconcileDay {
    /// Compare this day on the installation of --config
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
    /// Only this merchant account
    #[arg(long, value_name = "CHANNEL", requires = "day")]
    pub channel: Option<String>,
    /// Who does it, for the records
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What can be done with reconciliation beside comparing a day.
#[derive(Debug, Subcommand)]
pub enum Reconcile {
    /// List the days that were compared, with what is open and who signed
    Days(ReconcileDays),
    /// Show what a day's run found, or one finding in full
    #[command(after_help = "Examples:\n  mingfen reconcile show --day 2026-11-24\n  \
        mingfen reconcile show --day 2026-11-24 --standing open\n  \
        mingfen reconcile show --day 2026-11-24 --finding 3\n  \
        mingfen reconcile show --day 2026-11-24 --version 1  an earlier version\n\n\
        Exits with 0 when nothing is open and with 1 when something is.")]
    Show(ReconcileShow),
    /// Look at HIS's ledger of a day as it would be read now; nothing is kept
    #[command(after_help = "Example:\n  mingfen reconcile ledger --day 2026-11-24\n\n\
        Tells which columns a query leaves out or has too much, what the day adds up to,\n\
        and its first rows. Exits with 0 when it can be read to its end, and with 2 when\n\
        not, or when the day's file is not there.")]
    Ledger(ReconcileLedger),
    /// Order a remedy for a difference, after showing what it does
    #[command(after_help = "Example:\n  \
        mingfen reconcile remedy --day 2026-11-24 --finding 3 write_back_now \\\n      \
        --reason \"HIS was down\"\n\n\
        Remedies: ask_again, write_back_now, refund, carry, mark_foreign,\n\
        book_to_suspense, write_off, note. `show --finding` lists those that a\n\
        difference allows, the most advisable first.\n\
        What is shown before is what is done. Above reconciliation.second_person_above\n\
        it waits for another person: mingfen reconcile approve.")]
    Remedy(ReconcileRemedy),
    /// List remedies that wait for a second person; exits with 4 when there are any
    Waiting(ReconcileWaiting),
    /// Approve a remedy that another person ordered; it is carried out at once
    Approve(ReconcileDecide),
    /// Decline a remedy that waits, or take back one's own
    Decline(ReconcileDecide),
    /// Sign a day off: nothing may be open; it is frozen then
    Sign(ReconcileSign),
    /// Compare two versions of a day
    #[command(after_help = "Examples:\n  mingfen reconcile diff --day 2026-11-24  the last two versions\n  \
        mingfen reconcile diff --day 2026-11-24 --from 1 --to 3\n\n\
        Exits with 0 when the findings are the same and with 1 when not.")]
    Diff(ReconcileDiff),
    /// Write a run as a workbook, as CSV, or as a page for the printer
    #[command(after_help = "Examples:\n  mingfen reconcile report --day 2026-11-24 --out day.xlsx\n  \
        mingfen reconcile report --day 2026-11-24 --form html --out day.html")]
    Report(ReconcileReport),
    /// Compare statements with HIS exports: files, nothing else to install or configure
    #[command(after_help = "Examples:\n  \
        mingfen reconcile files --statement bill.csv --his ledger.csv --out ./result\n  \
        mingfen reconcile files --statement wechat.csv.gz --statement alipay.zip \\\n      \
        --his ledger.xlsx --map his.toml --day 2026-11-24 --out ./result\n\n\
        A statement is recognised by itself, and it is said what it was taken for:\n  \
        微信支付交易账单 (types ALL, SUCCESS, REFUND), plain or GZIP\n  \
        支付宝业务明细, as ZIP with its summary or by itself\n  \
        银联全渠道对账文件 (ZM), as ZIP or by itself\n\
        Any other is read by a layout (--statement-map), and so is HIS's file (--map):\n\
        CSV with commas, tabs or semicolons, in UTF-8, UTF-16 or GBK, or XLSX, as such\n\
        or packed. `mingfen reconcile guess FILE` proposes a layout. When a file has its\n\
        own totals, or a last row 合计, they must agree with its rows.\n\n\
        With --day rows of other days are refused: a bill is cut at midnight (UnionPay's\n\
        at 23:00); HIS may be a day early and three days late, what does not meet is\n\
        then a difference across days. A file without a row of the day is refused too.\n\n\
        DIR/differences.csv gets every line that is not plainly matched. One of an\n\
        earlier run is renamed to differences.earlier.csv until there is a new one.\n\n\
        Exits with 0 when all agrees, with 1 when there are differences, and with 2 when\n\
        a file is refused: then nothing was compared, and the message names file, line,\n\
        column, text and what to do.")]
    Files(ReconcileFiles),
    /// Propose a layout for a file, with reasons and ten rows as it reads them
    #[command(after_help = "Examples:\n  mingfen reconcile guess ledger.xlsx\n  \
        mingfen reconcile guess ledger.csv --out his.toml\n  \
        mingfen reconcile files --statement bill.csv --his ledger.csv --map his.toml \\\n      \
        --out ./result\n\n\
        Headings are known by their usual names, Chinese or English; where they are not,\n\
        what stands under them decides, and the reason is told. Look at every line: a\n\
        proposal is a beginning, and nothing is compared by it until you say so.\n\n\
        Exits with 0 when the layout reads the rows, with 1 when something is missing in\n\
        it, and with 2 when the file cannot be read at all.")]
    Guess(ReconcileGuess),
    /// Show a line of a file as it is: each field beside its heading, decoded
    #[command(after_help = "Examples:\n  mingfen reconcile line alipay.zip 7\n  \
        mingfen reconcile line ledger.xlsx 12 --map his.toml\n\n\
        The number is the one that messages and reports have: the row of a sheet, the\n\
        line of the file in an archive. Characters that cannot be seen are spelled out.\n\n\
        Exits with 2 when there is no such line or the file cannot be opened.")]
    Line(ReconcileLine),
}

/// Options of `reconcile line`.
#[derive(Debug, Args)]
pub struct ReconcileLine {
    /// A statement or an export, packed or not
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which line, from 1
    #[arg(value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub line: u64,
    /// Which column is which, where it was read by a layout
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile days`.
#[derive(Debug, Args)]
pub struct ReconcileDays {
    /// So many days, the latest first
    #[arg(long, value_name = "NUMBER", default_value_t = 31)]
    pub last: u16,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile ledger`.
#[derive(Debug, Args)]
pub struct ReconcileLedger {
    /// Which day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: String,
    /// Show so many rows
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    pub rows: u16,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile show`.
#[derive(Debug, Args)]
pub struct ReconcileShow {
    /// Which day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: String,
    /// The run that was limited to this channel
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// An earlier version; otherwise the current one
    #[arg(long, value_name = "NUMBER")]
    pub version: Option<i64>,
    /// One finding in full: its lines, cause, evidence and remedies
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    pub finding: Option<i64>,
    /// Only this category, by its word (channel_only, amount_over …)
    #[arg(long, value_name = "WORD")]
    pub category: Option<String>,
    /// Only what stands like this (open, waiting, carried, resolved, cleared …)
    #[arg(long, value_name = "WORD")]
    pub standing: Option<String>,
    /// Also what nobody has to act on
    #[arg(long)]
    pub all: bool,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 200)]
    pub limit: u32,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile remedy`.
#[derive(Debug, Args)]
pub struct ReconcileRemedy {
    /// Which day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: String,
    /// Which finding, by its number in `show`
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i64).range(1..))]
    pub finding: i64,
    /// What to do
    #[arg(value_name = "REMEDY")]
    pub remedy: String,
    /// Why, for the records
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Who orders it, for the audit trail
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile waiting`.
#[derive(Debug, Args)]
pub struct ReconcileWaiting {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile approve` and `reconcile decline`.
#[derive(Debug, Args)]
pub struct ReconcileDecide {
    /// The remedy's number
    #[arg(value_name = "REMEDY")]
    pub remedy: String,
    /// Who decides, for the audit trail
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile sign`.
#[derive(Debug, Args)]
pub struct ReconcileSign {
    /// Which day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: String,
    /// What is to be said about it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub remark: String,
    /// Who signs
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile diff`.
#[derive(Debug, Args)]
pub struct ReconcileDiff {
    /// Which day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: String,
    /// The earlier version; otherwise the one before
    #[arg(long, value_name = "NUMBER")]
    pub from: Option<i64>,
    /// The later version; otherwise the current one
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile report`.
#[derive(Debug, Args)]
pub struct ReconcileReport {
    /// Which day
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: String,
    /// The run that was limited to this channel
    #[arg(long, value_name = "CHANNEL")]
    pub channel: Option<String>,
    /// An earlier version; otherwise the current one
    #[arg(long, value_name = "NUMBER")]
    pub version: Option<i64>,
    /// What kind of file
    #[arg(long, value_enum, default_value_t = ReconcileForm::Xlsx)]
    pub form: ReconcileForm,
    /// The file
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Kinds of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReconcileForm {
    /// A workbook
    Xlsx,
    /// Comma-separated
    Csv,
    /// A page that prints on A4
    Html,
}

/// Options of `explain`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mingfen explain P261124Q8Z4K2M7R1T5W9\n\n\
    Takes any number of the order: ours, the provider's, a bill, a slip, a refund.\n\
    Shows what we know of it, its row in each side's file of the days that were\n\
    compared, as it came, and what the comparisons found and people ordered.")]
pub struct Explain {
    /// Any number of the order
    #[arg(value_name = "NUMBER")]
    pub number: String,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile guess`.
#[derive(Debug, Args)]
pub struct ReconcileGuess {
    /// A bank's, a POS terminal's or HIS's export
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write the layout to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The sheet of a workbook; otherwise its first
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `reconcile files`.
#[derive(Debug, Args)]
pub struct ReconcileFiles {
    /// The channel's statement as it was downloaded (may be given several times)
    #[arg(long, value_name = "FILE", required = true)]
    pub statement: Vec<PathBuf>,
    /// HIS's ledger of the same day (may be given several times)
    #[arg(long, value_name = "FILE", required = true)]
    pub his: Vec<PathBuf>,
    /// Which column of HIS's file is which, in TOML
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// The same for a statement of another kind; then none is recognised
    #[arg(long, value_name = "FILE")]
    pub statement_map: Option<PathBuf>,
    /// Where to write to; made when it is not there
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Our order numbers begin with this (may be given several times); the channel's others, unless HIS knows them, are a shop's
    #[arg(long, value_name = "TEXT")]
    pub own_prefix: Vec<String>,
    /// The day that is compared; files of another are refused
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub day: Option<String>,
    /// Use about this much memory, and temporary files beyond
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(usize))]
    pub memory_mib: Option<usize>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mingfen simulate --write ./rehearsal\n  \
    mingfen serve --config ./rehearsal/mingfen.toml     in another terminal\n\n\
    Writes credentials and a ready configuration for a gateway. With the same\n\
    --seed a simulator comes back with the same keys, so that a configured gateway\n\
    goes on talking to it.")]
pub struct Simulate {
    /// Where to listen; loopback only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7082")]
    pub bind: std::net::SocketAddr,
    /// Write credentials and a gateway configuration into this directory
    #[arg(long, value_name = "DIR")]
    pub write: Option<PathBuf>,
    /// Determines keys, numbers and lots
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// What can be done with settings.
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Tell everything that is wrong, with the same code that `serve` runs; exits with 3 when something is
    Check,
    /// Print the reference of all settings as Markdown
    Reference,
    /// Show what is in force and where each value came from; secrets are hidden
    Show,
}

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make a new key
    #[command(
        after_help = "Examples:\n  mingfen keys generate keyring --out FILE  for keys.keyring_file\n  \
        mingfen keys generate secret              for api.keys.<id>.secret, his.secret\n  \
        mingfen keys generate rsa --out merchant  merchant.key.pem, merchant.pub.pem\n\n\
        A keyring and an RSA pair are written to files that only their owner may read,\n\
        never to the screen; a directory that is not there is made."
    )]
    Generate {
        /// Which kind
        kind: KeyKind,
        /// The number of a keyring's key; 1 when nothing is said
        #[arg(long, value_name = "NUMBER")]
        number: Option<u8>,
        /// Write to this file; an RSA pair adds .key.pem and .pub.pem. Existing files are never overwritten
        #[arg(long, value_name = "PATH")]
        out: Option<PathBuf>,
    },
    /// Tell which key of the keyring sealed how much of the database, column by column
    #[command(after_help = "Exits with 0 when the current key sealed everything, and with 4 when a\n\
        key cannot be retired yet.")]
    Usage(JsonOnly),
    /// Seal everything in the database with the current key, so that older ones can be retired
    #[command(
        after_help = "Runs beside a gateway, in small steps; stop it and begin again as you like: it\n\
        goes on with what is not done.\n\
        Exits with 4 when something does not open: its key is not in the keyring, or it\n\
        was tampered with.\n\n\
        Rotation, step by step: docs/runbooks/deploy.md"
    )]
    Reseal(Reseal),
    /// Say what a file is and which settings it fits; nothing of a private key is printed
    Inspect {
        /// The file
        path: PathBuf,
    },
}

/// Options of `keys usage`.
#[derive(Debug, Args)]
pub struct JsonOnly {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `keys reseal`.
#[derive(Debug, Args)]
pub struct Reseal {
    /// Who does it, for the audit trail
    #[arg(long, value_name = "NAME", env = "USER", default_value = "operator")]
    pub by: String,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyKind {
    /// A key that seals slip codes, sessions and personal data
    Keyring,
    /// A secret text shared with HIS or a kiosk
    Secret,
    /// An RSA pair of 2048 bits, as Alipay asks a merchant to make
    Rsa,
}
