//! How does a payee ask for money (BOLT 11)?

mod fields;
mod read;
mod write;

pub use fields::{Field, Invoice, RouteHop};
pub use read::{ReadInvoice, ReadInvoiceError};
pub use write::InvoiceError;
