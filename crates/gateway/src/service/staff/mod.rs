//! People at the hospital's screens: their accounts, and how they sign in.

mod accounts;
mod sign_in;

pub use accounts::{
    AccountRefused, NewAccount, add_rehearsal_staff, add_staff, change_staff, first_password_again,
    forget_second_factor, let_in_again,
};
pub use sign_in::{
    Came, CodeRefused, EnrolRefused, Entered, PasswordRefused, SignInRefused, confirm_second_factor,
    end_session, end_sessions_of, enter_code, enter_password, offered_second_factor, replace_password,
};

pub(crate) use sign_in::{actor, token_digest};
