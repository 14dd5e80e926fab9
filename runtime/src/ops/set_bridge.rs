//! SetBridge: the council opens, limits or closes a bridge.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::code::Code;
use crate::event::Event;
use crate::object::{Bridge, Key, Object, Window};
use crate::ops::{Env, check_name};
use crate::state::State;

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SetBridge {
    pub bridge: u32,
    /// 1 to 64 bytes.
    pub name: String,
    /// The most each way in 24 hours, micro-dollars.
    pub day_cap: u64,
    pub open: bool,
}

impl SetBridge {
    pub(crate) fn check_shape(&self) -> Result<(), &'static str> {
        check_name(&self.name)
    }

    /// Cannot fail.
    pub(crate) fn execute(&self, env: &mut Env<'_, '_>) -> Result<(), Code> {
        let Self { bridge, name, day_cap, open } = self.clone();
        let key = Key::Bridge(bridge);
        match env.journal.find::<Bridge>(&key) {
            Some(at) => {
                let stored = env.journal.write(at);
                (stored.name, stored.day_cap, stored.open) = (name.clone(), day_cap, open);
            }
            None => {
                let created = Bridge {
                    name: name.clone(),
                    escrow: 0,
                    day_cap,
                    window_out: Window::default(),
                    window_in: Window::default(),
                    open,
                };
                env.journal.create(key, Object::Bridge(Box::new(created)));
            }
        }
        env.emit(Event::BridgeSet { bridge, name, day_cap, open });
        Ok(())
    }
}

impl SetBridge {
    /// Whether more could leave or come back than now.
    pub(crate) fn loosens(&self, state: &State) -> bool {
        state
            .bridge(self.bridge)
            .is_none_or(|bridge| self.day_cap > bridge.day_cap || (self.open && !bridge.open))
    }
}
