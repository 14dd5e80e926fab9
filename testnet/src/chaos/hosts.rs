//! A network namespace for each validator, on one bridge: packets between two validators can be
//! dropped, in one direction or both. Only inside the [`super::sandbox`].
//!
//! A validator's gRPC and operator ports stay on its own loopback, as without TLS they must; what
//! comes for them from the suite is redirected there.

use std::ffi::OsString;
use std::fmt::Write;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};

use super::tool;
use crate::failure::Failure;
use crate::manifest::Manifest;

/// Names are taken away some time after they are given up, so none is used twice.
static NEXT: AtomicU8 = AtomicU8::new(1);

#[derive(Debug)]
pub struct Hosts {
    number: u8,
    count: u8,
}

impl Hosts {
    /// Empty namespaces, connected.
    pub fn create(count: u8) -> Result<Self, Failure> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let hosts = Self { number, count };
        let bridge = hosts.bridge();
        tool::run(&["ip", "link", "add", &bridge, "type", "bridge"])?;
        tool::run(&["ip", "link", "set", &bridge, "up"])?;
        let own = format!("{}/24", Ipv4Addr::new(10, 77, number, 254));
        tool::run(&["ip", "addr", "add", &own, "dev", &bridge])?;
        for n in 0..count {
            hosts.connect(n)?;
        }
        Ok(hosts)
    }

    fn connect(&self, n: u8) -> Result<(), Failure> {
        let (name, bridge) = (self.name(n), self.bridge());
        let port = format!("port{}-{n}", self.number);
        let address = format!("{}/24", self.address(n));
        tool::run(&["ip", "netns", "add", &name])?;
        let pair = ["type", "veth", "peer", "name", "eth0", "netns", &name];
        tool::run(&[&["ip", "link", "add", &port], pair.as_slice()].concat())?;
        tool::run(&["ip", "link", "set", &port, "master", &bridge, "up"])?;
        tool::run(&["ip", "-n", &name, "addr", "add", &address, "dev", "eth0"])?;
        tool::run(&["ip", "-n", &name, "link", "set", "eth0", "up"])?;
        tool::run(&["ip", "-n", &name, "link", "set", "lo", "up"])
    }

    /// Lets the suite reach the ports that validators have on their loopback.
    pub fn open_ports(&self, manifest: &Manifest) -> Result<(), Failure> {
        for (n, entry) in (0..self.count).zip(&manifest.validators) {
            let (name, address) = (self.name(n), self.address(n));
            let route = "echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet";
            tool::run(&["ip", "netns", "exec", &name, "sh", "-c", route])?;
            let mut rules = String::from(
                "table ip reach {\nchain arriving {\ntype nat hook prerouting priority -100;\n",
            );
            for port in [entry.grpc_port, entry.operator_port] {
                let _ =
                    writeln!(rules, "ip daddr {address} tcp dport {port} dnat to 127.0.0.1:{port}");
            }
            rules.push_str("}\n}\n");
            self.nft(n, &rules)?;
        }
        Ok(())
    }

    pub fn address(&self, n: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 77, self.number, n + 1)
    }

    /// What becomes a command inside the validator's namespace. `ip netns exec` would give it a
    /// copy of all mounts as well, and so keep a file system alive that is unmounted here.
    pub fn prefix(&self, n: u8) -> Vec<OsString> {
        vec!["nsenter".into(), format!("--net=/run/netns/{}", self.name(n)).into()]
    }

    /// What each validator of the second list no longer hears of those in the first. Replaces what
    /// was broken before.
    pub fn cut(&self, from: &[usize], to: &[usize]) -> Result<(), Failure> {
        self.cut_both(&[(from, to)])
    }

    /// Neither side hears the other.
    pub fn split(&self, one: &[usize], other: &[usize]) -> Result<(), Failure> {
        self.cut_both(&[(one, other), (other, one)])
    }

    fn cut_both(&self, cuts: &[(&[usize], &[usize])]) -> Result<(), Failure> {
        for n in 0..self.count {
            let deaf = cuts.iter().filter(|(_, to)| to.contains(&usize::from(n)));
            let silent = deaf.flat_map(|(from, _)| *from);
            let rule = |from: &usize| {
                let from = u8::try_from(*from).unwrap_or(u8::MAX);
                format!("ip saddr {} drop\n", self.address(from))
            };
            self.filter(n, &silent.map(rule).collect::<String>())?;
        }
        Ok(())
    }

    /// Every packet between validators is dropped with this probability.
    pub fn lose(&self, percent: u8) -> Result<(), Failure> {
        let (low, high) = (self.address(0), self.address(self.count.saturating_sub(1)));
        let rule = format!("ip saddr {low}-{high} numgen random mod 100 < {percent} drop\n");
        (0..self.count).try_for_each(|n| self.filter(n, &rule))
    }

    pub fn heal(&self) -> Result<(), Failure> {
        (0..self.count).try_for_each(|n| self.filter(n, ""))
    }

    fn filter(&self, n: u8, rules: &str) -> Result<(), Failure> {
        // Named once so that there is one to delete; all in one step.
        let table = "table inet chaos";
        let chain = "chain arriving {\ntype filter hook input priority 0;\n";
        self.nft(n, &format!("{table}\ndelete {table}\n{table} {{\n{chain}{rules}}}\n}}\n"))
    }

    fn nft(&self, n: u8, script: &str) -> Result<(), Failure> {
        let name = self.name(n);
        tool::run_with_input(&["ip", "netns", "exec", &name, "nft", "-f", "-"], script)
    }

    fn bridge(&self) -> String {
        format!("bridge{}", self.number)
    }

    fn name(&self, n: u8) -> String {
        format!("host{}-{n}", self.number)
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for n in 0..self.count {
            let _ = tool::run(&["ip", "netns", "del", &self.name(n)]);
        }
        let _ = tool::run(&["ip", "link", "del", &self.bridge()]);
    }
}
