//! Places for as many values as there are. The engines agree on `$1`; the driver's own builder writes `?`, which PostgreSQL
//! does not know.

use sqlx::AssertSqlSafe;
use std::fmt::Write;

/// A list to stand behind `IN`: `($2, $3, $4)` for three values from the second place on.
pub(crate) fn list(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 6 + 2);
    push_tuple(&mut text, first, count);
    text
}

/// Rows to stand behind `VALUES`: `($1, $2), ($3, $4)` for two rows of two.
pub(crate) fn tuples(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * (columns * 6 + 4));
    for row in 0..rows {
        if row > 0 {
            text.push_str(", ");
        }
        push_tuple(&mut text, row * columns + 1, columns);
    }
    text
}

/// Vouches for a statement that was put together from literals of ours and the texts above: no value is ever part of it.
pub(crate) fn statement(sql: String) -> AssertSqlSafe<String> {
    AssertSqlSafe(sql)
}

fn push_tuple(text: &mut String, first: usize, count: usize) {
    text.push('(');
    for place in first..first + count {
        let comma = if place == first { "" } else { ", " };
        // Writing into a String cannot fail.
        let _ = write!(text, "{comma}${place}");
    }
    text.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through() {
        assert_eq!(list(2, 3), "($2, $3, $4)");
        assert_eq!(tuples(2, 2), "($1, $2), ($3, $4)");
    }
}
