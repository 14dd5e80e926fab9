//! A chain without consensus: blocks are built and certified on command.

use crate::prelude::*;

pub const SEED: &str = "rpc tests";
pub const START: u64 = 1_800_000_000_000;
pub const BALANCE: u64 = 1_000_000_000;
pub const WIRE: Wire = Wire::new(ballast_primitives::Network::Dev);

pub struct Chain {
    pub store: Store,
    pub genesis: Genesis,
    pub genesis_hash: Hash,
    pub validators: Vec<SecretKey>,
    pub inner: Mutex<Inner>,
    pub head: watch::Sender<Head>,
    _folder: tempfile::TempDir,
}

pub struct Inner {
    pub state: State,
    /// The state that the newest header attests, and that header.
    pub attested: Option<(State, CertifiedHeader)>,
    pub executed: Executed,
    pub pool: BTreeMap<Hash, (Claim, Vec<u8>)>,
    /// Stored with the next block.
    pub chosen: Vec<Change>,
    pub refuse: Option<Refusal>,
}

impl Chain {
    pub fn new() -> Arc<Self> {
        // One more key than there are validators at genesis.
        let validators: Vec<_> =
            (0..5).map(|n| SecretKey::dev(SEED, &format!("validator {n}"))).collect();
        let genesis = dev::genesis(&DevSpec {
            chain_id: 7,
            time: START,
            validators: (0..4).map(validator).collect(),
            accounts: 4,
            balance: BALANCE,
            seed: SEED.into(),
        })
        .unwrap();
        let state = State::from_genesis(&genesis).unwrap();
        let genesis_hash = genesis.hash();
        let executed = Executed {
            height: 0,
            time: START,
            state_root: state.root(),
            block_receipts_root: Hash::ZERO,
            receipts_root: Hash::ZERO,
            objects: state.len(),
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &genesis_hash, StoreOptions::default()).unwrap();
        store.initialise(state.changes(), &executed).unwrap();
        let block = genesis_hash;
        let head = Head { height: 0, time_ms: START, state_root: state.root(), block };
        let (pool, chosen) = (BTreeMap::new(), Vec::new());
        let inner = Inner { state, attested: None, executed, pool, chosen, refuse: None };
        Arc::new(Self {
            store,
            genesis,
            genesis_hash,
            validators,
            inner: Mutex::new(inner),
            head: watch::Sender::new(head),
            _folder: folder,
        })
    }

    /// Writes into the newest state, as if its block had chosen them, the validators that decide
    /// from the height after the next on.
    pub fn choose(&self, members: &[usize]) {
        let set = Committee::new(members.iter().map(|n| validator(*n)).collect()).unwrap();
        let height = self.head.borrow().height;
        let mut inner = self.inner.lock();
        let before = Some(inner.state.committee(height + 1).clone());
        let object = Object::Validators(Box::new(Validators {
            set,
            from_height: height + 2,
            before,
            turns: Turns::default(),
            named: Names::default(),
        }));
        let mut leaves: Vec<_> = inner.state.changes().collect();
        let key = codec::encode(&Key::Validators);
        let leaf = leaves.iter_mut().find(|leaf| leaf.key == key).unwrap();
        leaf.value = codec::encode(&object);
        inner.chosen.push(leaf.clone());
        inner.state = State::restore(leaves).unwrap();
        inner.executed.state_root = inner.state.root();
    }

    /// Commits what waits, in a block one second later.
    pub fn commit(&self) -> u64 {
        self.commit_later(1_000, Vec::new())
    }

    pub fn commit_later(&self, later_ms: u64, evidence: Vec<Evidence>) -> u64 {
        let mut inner = self.inner.lock();
        let inner = &mut *inner;
        let parent = *self.head.borrow();
        let height = parent.height + 1;
        let time = parent.time_ms + later_ms;
        let txs: Vec<_> = std::mem::take(&mut inner.pool).into_values().map(|(_, tx)| tx).collect();
        let author = self.validators[0].public();
        let batch = codec::encode(&Batch { author, sequence: height, txs: txs.clone() });
        let digest = Batch::digest_of_bytes(&batch);
        let count = |count: usize| u32::try_from(count).unwrap();
        let named = BatchRef {
            digest,
            bytes: count(batch.len()),
            txs: count(txs.len()),
            signatures: count(txs.len()),
        };
        let payload = Payload { batches: vec![named], ..Payload::default() };
        let header = Header {
            version: Header::VERSION,
            genesis: self.genesis_hash,
            height,
            parent: parent.block,
            parent_round: 0,
            time,
            proposer: author,
            payload: payload.digest(),
            executed_height: height - 1,
            state_root: inner.executed.state_root,
            receipts_root: inner.executed.receipts_root,
            validators: inner.state.committee(height).digest(),
            next_validators: inner.state.committee(height + 1).digest(),
        };
        let certificate = self.certify(&header, inner.state.committee(height));
        let anchor = CertifiedHeader { header: header.clone(), certificate: certificate.clone() };
        inner.attested = Some((inner.state.clone(), anchor));
        let verified: Vec<_> = txs
            .iter()
            .map(|tx| VerifiedTx::verify(SignedTx::decode(tx).unwrap()).unwrap())
            .collect();
        let context = self.context(height, time);
        let outcome = execute_block(&mut inner.state, &context, &verified).unwrap();
        let before = inner.executed.receipts_root;
        inner.executed = Executed {
            height,
            time,
            state_root: inner.state.root(),
            block_receipts_root: outcome.receipts_root,
            receipts_root: merkle::chain_receipts(&before, &outcome.receipts_root),
            objects: inner.state.len(),
        };
        let origins = outcome.origins.iter();
        let records = outcome.receipts.into_iter().zip(origins).map(|(receipt, origin)| TxRecord {
            receipt,
            batch: 0,
            position: *origin,
        });
        let changes = std::mem::take(&mut inner.chosen).into_iter().chain(outcome.changes);
        let another_set = header.validators != header.next_validators;
        let write = CommitWrite {
            block: StoredBlock { header: header.clone(), payload, certificate, overridden: None },
            executed: inner.executed,
            removed: outcome.removed,
            changes: changes.collect(),
            records: records.collect(),
            evidence,
            next_set: another_set.then(|| inner.state.committee(height + 1).clone()),
        };
        self.store.put_batches(&[(digest, batch)]).unwrap();
        self.store.commit_block(&write).unwrap();
        let state_root = inner.state.root();
        self.head.send_replace(Head { height, time_ms: time, state_root, block: header.id() });
        height
    }

    /// Signed by a quorum of the set, and by no more.
    pub fn certify(&self, header: &Header, set: &Committee) -> CommitCertificate {
        let (height, block) = (header.height, header.id());
        let vote = Vote { kind: VoteKind::Precommit, height, round: 0, block: Some(block) };
        let message = vote.signed_bytes(&self.genesis_hash);
        let sign = |key: &SecretKey| CommitSignature {
            validator: key.public(),
            signature: key.sign(&message),
        };
        let members = self.validators.iter().filter(|key| set.get(&key.public()).is_some());
        let quorum = 2 * set.len() / 3 + 1;
        let mut signatures: Vec<_> = members.take(quorum).map(sign).collect();
        signatures.sort_by_key(|signature| signature.validator);
        CommitCertificate { height, round: 0, block, signatures }
    }

    pub fn context(&self, height: u64, time: u64) -> BlockContext {
        let rules = &ballast_runtime::Rules::V1;
        BlockContext { genesis: self.genesis_hash, chain_id: 7, height, time, rules }
    }

    fn admit(&self, bytes: &[u8]) -> Result<Submitted, Refusal> {
        let code = |code: Code| Refusal::Code(code, String::new());
        let mut inner = self.inner.lock();
        if let Some(refusal) = &inner.refuse {
            return Err(refusal.clone());
        }
        let tx = SignedTx::decode(bytes)
            .map_err(|error| Refusal::Code(Code::Decode, error.to_string()))?;
        let (id, claim) = (tx.body.id(), Claim::from(&tx.body));
        if inner.pool.contains_key(&id) || self.store.tx_location(&id).unwrap().is_some() {
            return Ok(Submitted { id, claim, known: true });
        }
        let tx = VerifiedTx::verify(tx).map_err(code)?;
        let head = *self.head.borrow();
        let context = self.context(head.height + 1, head.time_ms);
        admission::check(&inner.state, &context, tx.tx())
            .map_err(|code| Refusal::of(code, String::new(), &claim, context.time, &self.store))?;
        inner.pool.insert(id, (claim, bytes.to_vec()));
        Ok(Submitted { id, claim, known: false })
    }
}

pub fn validator(n: usize) -> Validator {
    Validator {
        key: SecretKey::dev(SEED, &format!("validator {n}")).public(),
        peer: SecretKey::dev(SEED, &format!("peer {n}")).public(),
        power: 1,
        name: format!("validator-{n}"),
    }
}

#[tonic::async_trait]
impl Backend for Chain {
    fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    fn genesis_hash(&self) -> Hash {
        self.genesis_hash
    }

    fn head(&self) -> watch::Receiver<Head> {
        self.head.subscribe()
    }

    async fn submit(&self, txs: Vec<Vec<u8>>) -> Vec<Result<Submitted, Refusal>> {
        txs.iter().map(|tx| self.admit(tx)).collect()
    }

    async fn simulate(&self, trial: Trial) -> Option<Simulation> {
        let head = *self.head.borrow();
        let (height, time_ms) = (head.height, head.time_ms + 1);
        let context = self.context(height + 1, time_ms);
        let result = simulate(&mut self.inner.lock().state, &context, &trial);
        Some(Simulation { height, time_ms, result })
    }

    fn pending(&self, id: &Hash) -> Option<Claim> {
        self.inner.lock().pool.get(id).map(|(claim, _)| *claim)
    }

    async fn prove(&self, key: Key) -> Result<StateProof, ProveError> {
        let inner = self.inner.lock();
        let (state, anchor) = inner.attested.as_ref().ok_or(ProveError::Unavailable)?;
        let (leaf, path) = state.prove(&key).ok_or(ProveError::NotFound)?;
        Ok(StateProof { leaf, path, anchor: anchor.clone() })
    }

    fn look(&self, look: Look) {
        let inner = self.inner.lock();
        look(&inner.state, inner.executed.height, inner.executed.time);
    }

    fn store(&self) -> &Store {
        &self.store
    }

    fn info(&self) -> NodeInfo {
        NodeInfo {
            version: "1.2.3".into(),
            validators: 4,
            peers: 3,
            rules_newest: 1,
            ..NodeInfo::default()
        }
    }
}
