//! Signatures of the gossip messages that we send, right ones and wrong ones.

use lnprototest_bolt::gossip::{missign, sign};
use lnprototest_bolt::wire::Message;
use lnprototest_bolt::wire::plain::Plain;
use lnprototest_spec_events::event::{ByField, Msg};
use secp256k1::SecretKey;

use super::performer::Performer;
use crate::stage::Stop;

impl Performer<'_> {
    /// The message with the signatures that the step asks for.
    pub(super) fn signed(&self, mut message: Message, event: &Msg) -> Result<Message, Stop> {
        for (field, secret) in &event.sign {
            let secret = self.eval(secret)?;
            let flaw = event.flaw.iter().find(|(flawed, _)| flawed == field);
            let flaw = flaw.map(|(_, flaw)| self.eval(flaw)).transpose()?.flatten();
            let signature = match flaw {
                Some(flaw) => missign(&message, &secret, flaw),
                None => sign(&message, &secret),
            };
            let signature = signature.map_err(|error| Stop::spec(error.to_string()))?;
            message.set(field, Plain::hex(signature)).map_err(|errors| Stop::spec(errors.to_string()))?;
        }
        Ok(message)
    }
}

/// Gives the fields that are to be signed something to be until they are.
pub(super) fn leave_room(fields: &mut Plain, sign: &ByField<SecretKey>) {
    if let Plain::Map(map) = fields {
        for (field, _) in sign {
            map.insert(field.to_string(), Plain::hex([0; 64]));
        }
    }
}
