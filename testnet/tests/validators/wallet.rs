//! The `ballast` command against four validators: every operation, of accounts and of the council,
//! is sent by some command, and every event is seen.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use ballast_proto::convert::EVENT_NAMES;
use ballast_proto::schema::schema;
use ballast_proto::{Wire, v1};
use ballast_runtime::{CouncilOp, Op};
use ballast_testnet::network::binary;
use serde_json::Value;

use crate::common::{Net, up};
use crate::documented;

/// Members' keys for class A, for B and C, and for D.
const TWO: &str = "--sign-with dev:council-0,dev:council-1 --wait";
const THREE: &str = "--sign-with dev:council-0,dev:council-1,dev:council-2 --wait";
const FOUR: &str = "--sign-with dev:council-0,dev:council-1,dev:council-2,dev:council-3 --wait";

struct Wallet {
    net: Net,
    folder: tempfile::TempDir,
}

impl Wallet {
    fn new() -> Self {
        let wallet = Self { net: up(), folder: tempfile::tempdir().unwrap() };
        wallet.write("paper", "the order, the proof, the reason");
        wallet
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Exit code and JSON object of a command, in the wallet's folder.
    fn run(&self, line: &str) -> (Option<i32>, Value) {
        let output = Command::new(binary("ballast").unwrap())
            .args(["--json", "--quiet", "--dir"])
            .arg(self.net.network.dir())
            .args(line.split_whitespace())
            .current_dir(self.folder.path())
            .env("BALLAST_HOME", self.folder.path().join("home"))
            .env_remove("BALLAST_ENDPOINT")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let value = serde_json::from_slice(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let value = value.unwrap_or_else(|error| panic!("{line}: {error}: {stderr}"));
        documented::check(line, &value);
        (output.status.code(), value)
    }

    /// A command that succeeds.
    fn ok(&self, line: &str) -> Value {
        let (code, value) = self.run(line);
        assert_eq!(code, Some(0), "{line}: {value}");
        assert_eq!(value["schema"], "ballast/v1", "{line}");
        value
    }

    /// A command that ends with this exit code and reason.
    fn no(&self, line: &str, exit: i32, reason: &str) {
        let (code, value) = self.run(line);
        let said = value["error"]["reason"].as_str();
        assert_eq!((code, said), (Some(exit), Some(reason)), "{line}: {value}");
    }

    fn text(&self, line: &str, name: &str) -> String {
        let value = self.ok(line);
        value[name].as_str().unwrap_or_else(|| panic!("{line}: no {name} in {value}")).to_owned()
    }

    fn money(&self) {
        self.ok("pay dev:1 12.50 --from dev:0 --ref INV-17 --wait");
        self.no("allowance approve dev:2 500 --from dev:1 --wait", 4, "EXPECTED_NEEDED");
        self.ok("allowance approve dev:2 500 --expected 0 --from dev:1 --wait");
        self.ok("allowance spend dev:1 dev:4 20 --from dev:2 --wait");
        // 20 of the 500 were spent meanwhile: whoever still believes in 500 grants nothing new.
        self.no("allowance approve dev:2 50 --from dev:1 --wait", 4, "EXPECTED_NEEDED");
        let late = "allowance approve dev:2 50 --expected 500 --from dev:1 --wait";
        self.no(late, 4, "ALLOWANCE_CHANGED");
        assert_eq!(self.ok("allowance show dev:1 dev:2")["current"], "480.00");
        self.ok("auth permit dev:2 700 --out permit.json --from dev:1");
        self.ok("auth relay permit.json --from dev:4 --wait");
        self.ok("auth pay dev:4 20 --ref INV-18 --out pay.json --from dev:1");
        self.ok("auth relay pay.json --from dev:2 --wait");
        self.no("auth relay pay.json --from dev:2 --wait", 4, "AUTH_USED");
        self.ok("auth pay dev:4 1 --out unwanted.json --from dev:1");
        self.ok("auth cancel --file unwanted.json --from dev:1 --wait");
        self.no("auth relay unwanted.json --from dev:2 --wait", 4, "AUTH_USED");
        let transfers = self.ok("history dev:4")["transfers"].clone();
        assert_eq!(transfers.as_array().unwrap().len(), 2);
    }

    fn issuance(&self) {
        let confirm = "deposit confirm --bank-ref WIRE-1 --amount 1000 --to dev:1 --wait";
        let deposit = self.text(confirm, "deposit_id");
        self.no(confirm, 4, "DUPLICATE_BANK_REF");
        self.ok(&format!("supply mint 600 --deposit {deposit} --wait"));
        self.no(&format!("supply mint 500 --deposit {deposit} --wait"), 4, "DEPOSIT_EXCEEDED");
        let shown = self.ok(&format!("deposit show {deposit}"));
        assert_eq!(
            (&shown["mintable"], &shown["deposit"]["minted"]),
            (&"400.00".into(), &"600.00".into())
        );
        self.ok(&format!("deposit reverse {deposit} --document @paper --wait"));
        assert!(self.ok("deposit list --open")["deposits"].as_array().unwrap().is_empty());
        self.ok("pay dev:minter 5 --from dev:0 --wait");
        self.ok("supply burn 5 --wait");
        // What it has now is for whoever sets it to say.
        let now = self.ok("minter list")["minters"][0]["minter"]["allowance"].clone();
        let set = "minter allowance dev:minter 5000000 --wait";
        self.no(set, 4, "EXPECTED_NEEDED");
        self.no(&format!("{set} --expected 0.000001"), 4, "ALLOWANCE_CHANGED");
        self.ok(&format!("{set} --expected {}", now.as_str().unwrap()));
        assert_eq!(self.ok("minter list")["minters"][0]["minter"]["allowance"], "5000000.00");
    }

    fn redemption(&self) -> String {
        let ask = "redeem request 1000 --beneficiary @paper --from dev:1 --wait";
        self.text(ask, "redemption_id")
    }

    fn redemptions(&self) {
        let paid = self.redemption();
        self.no(&format!("redeem expire {paid} --wait"), 4, "NOT_DUE");
        self.no(&format!("redeem expire {paid} --force --wait"), 5, "NOT_DUE");
        self.ok(&format!("redeem accept {paid} --wait"));
        self.no(&format!("redeem cancel {paid} --from dev:1 --wait"), 4, "IN_PROCESSING");
        self.ok(&format!("payout confirm {paid} --bank-ref OUT-1 --wait"));
        self.ok(&format!("redeem settle {paid} --wait"));
        let shown = self.ok(&format!("redeem show {paid}"));
        assert_eq!(shown["redemption"]["status"], "SETTLED");
        assert_eq!(shown["payout"]["bank_ref"], "OUT-1");
        let failed = self.redemption();
        self.ok(&format!("redeem accept {failed} --wait"));
        self.ok(&format!("payout failed {failed} --document @paper --wait"));
        let rejected = self.redemption();
        self.ok(&format!("redeem reject {rejected} --document @paper --wait"));
        let cancelled = self.redemption();
        self.ok(&format!("redeem cancel {cancelled} --from dev:1 --wait"));
        assert_eq!(self.ok("redeem list")["redemptions"].as_array().unwrap().len(), 4);
        assert!(self.ok("redeem list --open")["redemptions"].as_array().unwrap().is_empty());
    }

    fn registry(&self) -> String {
        let key = self.key("alice");
        let address =
            self.text(&format!("account register --key {key} --class 0 --wait"), "address");
        self.ok(&format!("account kyc {address} --memo-required true --wait"));
        self.no(&format!("pay {address} 1 --from dev:0 --wait"), 4, "MEMO_REQUIRED");
        for (number, name) in [(7, "bank-7"), (8, "bank-8")] {
            let key = self.key(name);
            self.ok(&format!("institution set {number} --name {name} --key {key} --wait"));
        }
        self.ok("account kyc dev:6 --institution 7 --wait");
        self.ok("account kyc dev:7 --institution 8 --wait");
        self.no("pay dev:7 5000 --from dev:6 --wait", 4, "TRAVEL_DATA_REQUIRED");
        let sign = "institution travel --payer dev:6 --to dev:7 --amount 5000 --data @paper";
        self.ok(&format!("{sign} --out travel.json --from bank-8 --passphrase-file pass"));
        self.ok("pay dev:7 5000 --from dev:6 --travel travel.json --wait");
        // New keys, and the account goes on by its address.
        let new = self.key("alice-2");
        let by = "--passphrase-file pass --wait";
        self.ok(&format!("account rotate-key --key {new} --from alice {by}"));
        self.ok(&format!("pay {address} 5 --ref x --from dev:0 --wait"));
        self.no(&format!("pay dev:1 1 --from alice {by}"), 4, "BAD_SIGNATURE");
        self.ok(&format!("pay dev:1 1 --from alice-2 --sender {address} {by}"));
        address
    }

    /// Makes a key and returns its public half.
    fn key(&self, name: &str) -> String {
        let pass = self.folder.path().join("pass");
        if !pass.exists() {
            self.write("pass", "secret\n");
            let chmod = Command::new("chmod").arg("600").arg(&pass).status().unwrap();
            assert!(chmod.success());
        }
        self.text(&format!("key new {name} --passphrase-file pass"), "public_key")
    }

    fn control(&self) {
        self.ok("control freeze dev:3 --order @paper --wait");
        self.no("pay dev:1 1 --from dev:3 --wait", 4, "ACCOUNT_FROZEN");
        self.no("pay dev:1 1 --from dev:3 --wait --force", 5, "ACCOUNT_FROZEN");
        // Signatures collected in files, no key of another member at hand.
        self.ok("control confirm dev:3 --order @paper --draft confirm.json");
        self.no("council sign confirm.json --with dev:council-0", 9, "CONFIRMATION_NEEDED");
        self.ok("council sign confirm.json --with dev:council-0 --yes");
        self.no("council exec confirm.json --wait", 4, "COUNCIL_QUORUM");
        self.ok(
            "council sign confirm.json --with dev:council-3,dev:council-4 --out copy.json --yes",
        );
        self.ok("council exec confirm.json copy.json --from dev:council-1 --wait");
        self.no("council exec confirm.json copy.json --wait", 4, "EXEC_NONCE");
        self.ok(&format!("control seize dev:3 250 --to dev:4 --order @paper {THREE}"));
        self.ok(&format!("control unfreeze dev:3 {THREE}"));
        self.ok("control hold dev:2 500 --order @paper --wait");
        self.no("control hold dev:2 600 --order @paper --wait", 4, "EXPECTED_NEEDED");
        let lower = "control hold dev:2 100 --expected 500 --order @paper --wait";
        self.no(lower, 4, "HOLD_ONLY_RAISED");
        self.ok(&format!("control hold dev:2 0 --expected 500 {THREE}"));
        self.ok(&format!("control freeze dev:5 --inbound --council --order @paper {THREE}"));

        self.ok(&format!("control pause transfer --for 2h {TWO}"));
        self.no("pay dev:1 1 --from dev:0 --wait", 4, "PAUSED");
        let pauses = self.ok("control status")["pauses"].clone();
        assert_eq!(pauses[0]["paused"], true);
        self.no(&format!("control unpause transfer {TWO}"), 4, "COUNCIL_QUORUM");
        self.propose_and_vote();
        self.ok("pay dev:1 1 --from dev:0 --wait");
        let log = self.ok("control log --account dev:3")["events"].clone();
        let names: Vec<_> = log.as_array().unwrap().iter().map(|event| &event["name"]).collect();
        assert_eq!(names, ["Frozen", "Frozen", "Seized", "Unfrozen"]);
    }

    /// The long way: each member on its own.
    fn propose_and_vote(&self) {
        let proposed = self.ok("control unpause transfer --from dev:council-0");
        assert_eq!((&proposed["class"], &proposed["status"]), (&"B".into(), &"OPEN".into()));
        let n = proposed["proposal"].as_u64().unwrap();
        let next = proposed["next"].as_array().unwrap();
        let approve = format!("ballast proposal approve {n} --from dev:council-1 --wait");
        assert_eq!(next[0], approve);
        self.no(
            next[0].as_str().unwrap().strip_prefix("ballast ").unwrap(),
            9,
            "CONFIRMATION_NEEDED",
        );
        self.ok(&format!("proposal approve {n} --from dev:council-1 --wait --yes"));
        self.ok(&format!("proposal withdraw {n} --from dev:council-1 --wait --yes"));
        self.ok(&format!("proposal reject {n} --from dev:council-4 --wait --yes"));
        self.no(&format!("proposal execute {n} --wait"), 4, "NOT_APPROVED");
        for member in [1, 2] {
            self.ok(&format!("proposal approve {n} --from dev:council-{member} --wait --yes"));
        }
        assert_eq!(self.ok(&format!("proposal show {n}"))["status_now"], "APPROVED");
        self.ok(&format!("proposal execute {n} --from dev:council-2 --wait"));
        assert_eq!(self.ok(&format!("proposal show {n}"))["status_now"], "EXECUTED");
        self.no(&format!("proposal approve {n} --yes"), 4, "PROPOSAL_CLOSED");
        self.no("proposal show 99", 3, "UNKNOWN_PROPOSAL");
    }

    fn parameters(&self, alice: &str) {
        let key = self.key("alice-3");
        let recover =
            format!("account recover {alice} --key {key} --document @paper --draft no.json");
        self.no(&recover, 4, "CLASS_TOO_HIGH");
        self.ok(&format!("account recover {alice} --key {key} --document @paper {THREE}"));
        self.write(
            "ops.json",
            r#"[
                { "name": "GrantRole", "role": "minter", "holder": "dev:8", "valid_until": "+90d" },
                { "name": "SetMinterLimits", "minter": "dev:8", "per_tx": "1000", "window_cap": "5000" },
                { "name": "SetBridge", "bridge": 1, "bridge_name": "Other", "day_cap": "1000", "open": true },
                { "name": "SetCap", "cap": "2000000000" }
            ]"#,
        );
        self.ok(&format!("proposal create ops.json {THREE}"));
        self.ok(&format!("minter suspend dev:8 {TWO}"));
        self.ok(&format!("minter resume dev:8 {THREE}"));
        self.ok(&format!("role revoke minter dev:8 {TWO}"));
        let grants = self.ok("role list --holder dev:8")["roles"].clone();
        assert_eq!(grants[0]["revoked"], true);
        self.ok("bridge out 1 250 0x00112233 --from dev:1 --wait");
        let remote = "ab".repeat(32);
        self.ok(&format!("bridge in 1 100 dev:4 --remote-tx {remote} --wait"));
        assert_eq!(self.ok("bridge list")["bridges"][0]["bridge"]["escrow"], "150.00");

        self.ok(&format!("policy set --custodian-share 9000 {THREE}"));
        assert_eq!(self.ok("policy show")["policy"]["custodian_share_max_bps"], 9_000);
        self.ok(&format!("policy limits --global-window 50000000 {THREE}"));
        self.ok(&format!("terms set --fee-bps 10 --holiday 2026-12-25 {THREE}"));
        assert_eq!(self.ok("terms show")["terms"]["version"], 2);
        let publish = "document set privacy --digest @paper --uri https://example.com";
        self.ok(&format!("{publish} {THREE}"));
        assert_eq!(self.ok("document list")["documents"][0]["document"]["version"], 1);
        self.ok(&format!("incident post other --severity low --document @paper {THREE}"));
        assert_eq!(self.ok("incident list")["incidents"][0]["incident"]["kind"], "OTHER");
    }

    fn report(&self) -> u64 {
        self.write(
            "report.toml",
            r#"
                scope = "@paper"
                standard = "AT-C 205"
                assurance = "examination"
                opinion = "unmodified"
                document = "@paper"
                uri = "https://example.com/report.pdf"
                [[lines]]
                category = "demand-deposit"
                custodian = "Example Bank"
                country = "US"
                face = "300000000"
                amortised = "300000000"
                market = "300000000"
                segregated = true
                [[lines]]
                category = "treasury"
                custodian = "Example Trust"
                country = "US"
                maturity_days = 30
                face = "800000000"
                amortised = "799000000"
                market = "798500000.25"
                segregated = true
            "#,
        );
        let _ = std::fs::remove_file(self.folder.path().join("report.json"));
        self.ok("reserve draft report.toml --out report.json");
        self.no("reserve submit report.json --wait", 4, "BAD_AUTH");
        for officer in ["ceo", "cfo"] {
            self.ok(&format!("reserve sign report.json --with dev:{officer} --yes"));
        }
        let submitted = self.ok("reserve submit report.json --wait");
        submitted["receipt"]["events"][0]["report"].as_u64().unwrap()
    }

    fn reserve(&self) {
        let first = self.report();
        self.no(&format!("reserve attest {first} --wait"), 9, "CONFIRMATION_NEEDED");
        self.ok(&format!("reserve attest {first} --wait --yes"));
        let reserve = self.ok("reserve show")["reserve"].clone();
        assert_eq!(
            (&reserve["open"], &reserve["eligible"]),
            (&true.into(), &"1098500000.25".into())
        );
        self.ok("reserve reconcile --liabilities 1 --wait");
        assert_eq!(self.ok("reserve show")["reserve"]["reason"], "PAUSED");
        self.ok(&format!("control unpause mint {THREE}"));
        let revoke = format!("reserve revoke {first} --document @paper");
        self.ok(&format!("{revoke} --from dev:attestor --wait"));
        assert_eq!(self.ok("reserve show")["reserve"]["reason"], "NO_REPORT");
        self.no(&format!("{revoke} {TWO} --force"), 5, "ALREADY_REVOKED");
        let since = "reserve revoke-attestor dev:attestor --since 2020-01-01T00:00:00Z";
        self.ok(&format!("{since} --document @paper {TWO}"));
        let reports = self.ok("reserve list")["reports"].clone();
        let status = |n: usize| &reports[n]["report"]["status"];
        assert_eq!((status(0), status(1)), (&"REVOKED".into(), &"REVOKED".into()));
    }

    fn constitution(&self) {
        let (key, peer) = (self.key("validator"), self.key("peer"));
        self.ok(&format!("validator add --name extra --key {key} --peer {peer} {FOUR}"));
        assert_eq!(self.ok("validator list")["validators"].as_array().unwrap().len(), 5);
        let new = self.key("validator-2");
        let rotate = format!("validator rotate {key} --new-key {new} --new-peer {peer}");
        self.ok(&format!("{rotate} {FOUR}"));
        self.ok(&format!("validator remove {new} {FOUR}"));
        self.ok(&format!("council delay c --to 1s {FOUR}"));
        self.ok(&format!("upgrade schedule --to 2 --height 10000000 --code @paper {FOUR}"));
        assert_eq!(self.ok("upgrade show")["upgrade"]["version"], 2);
        let council = self.ok("council show")["council"].clone();
        let member = |m: &Value| {
            let (account, key) =
                (m["account"].as_str().unwrap(), m["public_key"].as_str().unwrap());
            format!("--member {account}={key}")
        };
        let members: Vec<_> = council["members"].as_array().unwrap().iter().map(member).collect();
        let members = members.join(" ");
        self.ok(&format!("council set {members} --thresholds 1,2,3,3 {FOUR}"));
        let council = self.ok("council show")["council"].clone();
        assert_eq!((&council["epoch"], &council["thresholds"][3]), (&1.into(), &3.into()));
    }

    /// The names of all operations on chain, of accounts and of the council.
    async fn operations(&self) -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
        let client = self.net.client(0);
        let wire = Wire::new(ballast_primitives::Network::Dev);
        let (mut ops, mut council) = (BTreeSet::new(), BTreeSet::new());
        let head = client.info().await.unwrap().height;
        for height in 1..=head {
            for receipt in client.block(height).await.unwrap().1 {
                let found = client.get_tx(&receipt.tx_id).await.unwrap();
                for op in &found.transaction.unwrap().ops {
                    let op = wire.read_op(op).unwrap();
                    ops.insert(op.name());
                    let inside: &[CouncilOp] = match &op {
                        Op::Propose(op) => &op.ops,
                        Op::CouncilExec(op) => &op.ops,
                        _ => &[],
                    };
                    council.extend(inside.iter().map(CouncilOp::name));
                }
            }
        }
        (ops, council)
    }
}

/// The stable names of a message's choices.
fn choices(message: &str) -> BTreeSet<String> {
    schema().choices(message).into_iter().map(|(name, _)| name).collect()
}

fn names(names: BTreeSet<&'static str>) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_has_a_command_and_every_event_is_seen() {
    let wallet = Wallet::new();
    wallet.money();
    wallet.issuance();
    wallet.redemptions();
    let alice = wallet.registry();
    wallet.control();
    wallet.parameters(&alice);
    wallet.reserve();
    wallet.constitution();

    let (ops, council) = wallet.operations().await;
    assert_eq!(names(ops), choices("Operation"));
    assert_eq!(names(council), choices("CouncilOperation"));
    let mut events =
        v1::event_service_client::EventServiceClient::connect(wallet.net.entry(0).grpc())
            .await
            .unwrap();
    let mut seen = BTreeSet::new();
    let mut request = v1::ListEventsRequest { page_size: 1_000, ..Default::default() };
    loop {
        let page = events.list_events(request.clone()).await.unwrap().into_inner();
        seen.extend(page.events.into_iter().map(|event| event.name));
        request.after = page.next_cursor;
        if page.at_head {
            break;
        }
    }
    assert_eq!(seen, EVENT_NAMES.iter().map(|name| (*name).to_owned()).collect());
    wallet.net.audit(&[]).await.unwrap();
}
