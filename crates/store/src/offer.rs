//! One function over a connection, two doors to it: by itself, and within a transaction.

/// Offers functions over a connection as methods of [`Store`] (a single read) and of [`Tx`] (within the transaction).
macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),* $(,)?) -> $output:ty;)+) => {
        $crate::offer::offer! { reader $($(#[$doc])* $name($($arg: $type),*) -> $output;)+ }
    };
}

/// The same for functions of one statement that write.
macro_rules! writes {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),* $(,)?) -> $output:ty;)+) => {
        $crate::offer::offer! { writer $($(#[$doc])* $name($($arg: $type),*) -> $output;)+ }
    };
}

macro_rules! offer {
    ($pool:ident $($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $output:ty;)+) => {
        impl $crate::Store {
            $($(#[$doc])*
            pub async fn $name(&self, $($arg: $type),*) -> $crate::Result<$output> {
                let mut connection = self.$pool().await?;
                let output = $name(connection.as_mut(), $($arg),*).await?;
                connection.done().await?;
                Ok(output)
            })+
        }
        impl $crate::Tx {
            $($(#[$doc])*
            pub async fn $name(&mut self, $($arg: $type),*) -> $crate::Result<$output> {
                $name(self.connection(), $($arg),*).await
            })+
        }
    };
}

pub(crate) use {offer, reads, writes};
