//! SetInstitution: a registrar registers an institution, or gives it another name or key.

use ballast_primitives::PublicKey;
use ballast_primitives::signature::check_public_key;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Institution, Key, Object};
use crate::ops::{Env, check_name};

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetInstitution {
    /// Not 0.
    pub institution: u32,
    /// 1 to 64 bytes.
    pub name: String,
    /// Signs travel data for payments to its customers.
    pub key: PublicKey,
}

impl SetInstitution {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        if self.institution == 0 {
            return Err("0 stands for no institution");
        }
        check_name(&self.name)
    }

    /// `BAD_POLICY` for a key that breaks TX-14.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        check_public_key(&self.key).map_err(|_| Code::BadPolicy)?;
        let Self { institution, name, key } = self.clone();
        let object = Institution { name: name.clone(), key };
        let place = Key::Institution(institution);
        match env.journal.find(&place) {
            Some(at) => *env.journal.write(at) = object,
            None => env.create(place, Object::Institution(object))?,
        }
        env.emit(Event::InstitutionSet { institution, name, key });
        Ok(())
    }
}
