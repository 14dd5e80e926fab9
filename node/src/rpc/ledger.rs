//! LedgerService: the chain and its blocks.

use std::sync::{Arc, OnceLock};

use ballast_proto::error::{ServiceReason, WireError};
use ballast_proto::v1::ledger_service_server::LedgerService;
use ballast_proto::v1::{
    Block, GetBlockRequest, GetBlockResponse, GetChainInfoRequest, GetChainInfoResponse,
    GetGenesisRequest, GetGenesisResponse, Limits, ListBlocksRequest, ListBlocksResponse,
    NodeStatus, Receipt,
};
use ballast_runtime::Key;
use ballast_runtime::object::Validators;
use ballast_runtime::replay::WINDOW;
use ballast_runtime::tx::{MEMO_BYTES_MAX, OPS_MAX, TX_BYTES_MAX, VALIDITY_MS_MAX};
use borsh::{BorshDeserialize, BorshSerialize};
use prost::Message as _;
use tonic::{Request, Response, Status};

use super::backend::NodeInfo;
use super::config::BATCH_TXS_MAX;
use super::context::{Context, fixed, internal, page_size};
use super::page::{bad_token, read_token, token};

/// The most bytes of a piece of the genesis.
const PIECE_BYTES: usize = 1024 * 1024;

pub(super) struct Ledger {
    context: Context,
    /// The encoded genesis, once somebody has asked for it.
    genesis: Arc<OnceLock<Vec<u8>>>,
}

/// Where the next page of a block's receipts goes on.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct ReceiptPlace {
    height: u64,
    index: u32,
}

/// Where the next page of blocks goes on: at `next`, downwards.
#[derive(Clone, Copy, BorshSerialize, BorshDeserialize)]
struct BlockPlace {
    /// The height that all pages are pinned to.
    pinned: u64,
    next: u64,
    /// Keeps this token apart from others of the same length.
    blocks: bool,
}

#[tonic::async_trait]
impl LedgerService for Ledger {
    async fn get_chain_info(
        &self,
        _request: Request<GetChainInfoRequest>,
    ) -> Result<Response<GetChainInfoResponse>, Status> {
        Ok(Response::new(self.chain_info()?))
    }

    async fn get_genesis(
        &self,
        request: Request<GetGenesisRequest>,
    ) -> Result<Response<GetGenesisResponse>, Status> {
        let offset = request.into_inner().offset;
        let genesis = Arc::clone(&self.genesis);
        let answer = self.context.blocking(move |context| {
            let bytes = genesis.get_or_init(|| context.backend.genesis().encode());
            let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
            let rest = rest.ok_or_else(|| WireError::field("offset", "is beyond the end"))?;
            let piece = rest.get(..PIECE_BYTES).unwrap_or(rest).to_vec();
            Ok(GetGenesisResponse { piece, total_bytes: bytes.len() as u64 })
        });
        Ok(Response::new(answer.await?))
    }

    async fn get_block(
        &self,
        request: Request<GetBlockRequest>,
    ) -> Result<Response<GetBlockResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 100, 1_000);
        let place = read_token::<ReceiptPlace>(&request.page_token)?;
        let height = match (request.height, place) {
            (0, Some(place)) => place.height,
            (0, None) => self.context.head().height,
            (height, _) => height,
        };
        if place.is_some_and(|place| place.height != height) {
            return Err(bad_token().into());
        }
        let place = place.unwrap_or(ReceiptPlace { height, index: 0 });
        let answer = self.context.blocking(move |context| block_page(context, place, size)).await?;
        Ok(Response::new(answer))
    }

    async fn list_blocks(
        &self,
        request: Request<ListBlocksRequest>,
    ) -> Result<Response<ListBlocksResponse>, Status> {
        let request = request.into_inner();
        let size = page_size(request.page_size, 20, 100);
        let head = self.context.head().height;
        let place = read_token::<BlockPlace>(&request.page_token)?;
        if place.is_some_and(|place| place.pinned > head || place.next > place.pinned) {
            return Err(bad_token().into());
        }
        let place = place.unwrap_or(BlockPlace { pinned: head, next: head, blocks: true });
        let answer = self.context.blocking(move |context| blocks(context, place, size)).await?;
        Ok(Response::new(answer))
    }
}

impl Ledger {
    pub fn new(context: Context) -> Self {
        Self { context, genesis: Arc::default() }
    }

    fn chain_info(&self) -> Result<GetChainInfoResponse, WireError> {
        let context = &self.context;
        let (head, sets) =
            context.consistent(|store| fixed::<Validators>(store, &Key::Validators))?;
        let next = sets.at(head.height.saturating_add(1));
        let validators = next.validators().iter().map(|v| context.wire.show(v)).collect();
        let network = context.wire.network;
        Ok(GetChainInfoResponse {
            chain_id: context.backend.genesis().chain_id,
            genesis_hash: context.genesis_hash.to_string(),
            network: network.to_string(),
            address_prefix: network.prefix().to_owned(),
            height: head.height,
            time_ms: head.time_ms,
            block_id: head.block.to_string(),
            state_root: head.state_root.to_string(),
            validators,
            oldest_height: oldest_block(context, head.height)?,
            node: Some(node_status(context.backend.info())),
            limits: Some(limits(context)),
        })
    }
}

fn node_status(info: NodeInfo) -> NodeStatus {
    NodeStatus {
        version: info.version,
        commit: info.commit,
        validator_name: info.validator_name,
        peers_connected: info.peers,
        syncing: info.syncing,
        round: info.round,
        evidence_count: info.evidence,
        mempool_txs: info.mempool_txs,
    }
}

fn limits(context: &Context) -> Limits {
    let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    Limits {
        tx_bytes_max: number(TX_BYTES_MAX),
        ops_max: number(OPS_MAX),
        memo_bytes_max: number(MEMO_BYTES_MAX),
        validity_ms_max: VALIDITY_MS_MAX,
        nonce_window: WINDOW,
        batch_txs_max: number(BATCH_TXS_MAX),
        batch_bytes_max: number(context.config.batch_bytes_max),
    }
}

/// The oldest block held, 0 when there is none: what is held reaches up to the head without gaps.
pub(super) fn oldest_block(context: &Context, head: u64) -> Result<u64, WireError> {
    let oldest = context.store().first_height_after(0).map_err(internal)?;
    Ok(oldest.filter(|oldest| *oldest <= head).unwrap_or(0))
}

fn block(context: &Context, height: u64) -> Result<Option<Block>, WireError> {
    let store = context.store();
    let Some(stored) = store.block(height).map_err(internal)? else {
        return Ok(None);
    };
    let block = context.wire.block(&stored.header, &stored.payload, &stored.certificate);
    let executed = store.executed(height).map_err(internal)?;
    let root = executed.map(|executed| executed.block_receipts_root.to_string());
    Ok(Some(Block { block_receipts_root: root.unwrap_or_default(), ..block }))
}

fn block_page(
    context: &Context,
    place: ReceiptPlace,
    size: usize,
) -> Result<GetBlockResponse, WireError> {
    let head = context.head().height;
    let found = if place.height <= head { block(context, place.height)? } else { None };
    let Some(block) = found else {
        let error = WireError::new(ServiceReason::BlockNotFound);
        return Err(error.with("head", head).with("oldest", oldest_block(context, head)?));
    };
    // Those of a topic are still there, alone.
    if place.height < context.store().horizon().oldest {
        let block = Some(block);
        return Ok(GetBlockResponse { block, receipts_pruned: true, ..Default::default() });
    }
    let one_more = size.saturating_add(1);
    let records = context.store().records(place.height, place.index, one_more).map_err(internal)?;
    let shown = records.iter().map(|record| context.wire.receipt(&record.receipt));
    let mut receipts: Vec<_> = shown.take(size).collect();
    cut_to_fit(&mut receipts, context.config.page_bytes_max);
    let more = records.len() > receipts.len();
    let next = receipts
        .last()
        .filter(|_| more)
        .map(|last| ReceiptPlace { height: place.height, index: last.index.saturating_add(1) });
    Ok(GetBlockResponse {
        block: Some(block),
        receipts,
        next_page_token: next.as_ref().map(token).unwrap_or_default(),
        receipts_pruned: false,
    })
}

/// Keeps the first receipts that fit into `bytes`, one at least.
fn cut_to_fit(receipts: &mut Vec<Receipt>, bytes: usize) {
    let mut size = 0usize;
    let fitting = receipts.iter().take_while(|receipt| {
        size = size.saturating_add(receipt.encoded_len());
        size <= bytes
    });
    let keep = fitting.count().max(1);
    receipts.truncate(keep);
}

fn blocks(
    context: &Context,
    place: BlockPlace,
    size: usize,
) -> Result<ListBlocksResponse, WireError> {
    let mut found = Vec::new();
    let mut next = place.next;
    let mut bytes = 0usize;
    while next > 0 && found.len() < size && bytes < context.config.page_bytes_max {
        let Some(block) = block(context, next)? else {
            next = 0;
            break;
        };
        bytes = bytes.saturating_add(block.encoded_len());
        found.push(block);
        next = next.saturating_sub(1);
    }
    let next = Some(BlockPlace { next, ..place }).filter(|place| place.next > 0);
    Ok(ListBlocksResponse {
        blocks: found,
        next_page_token: next.as_ref().map(token).unwrap_or_default(),
        height: place.pinned,
    })
}
