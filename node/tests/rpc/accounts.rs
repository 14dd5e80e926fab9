//! Accounts, the supply, roles, and what moved.

use crate::prelude::*;

#[tokio::test]
async fn accounts_supply_and_roles_are_shown_as_they_are() {
    let net = Net::new().await;
    let mut accounts = AccountServiceClient::new(net.channel.clone());
    net.submit(&pay(&net.chain, 0, 1, vec![transfer(1, 25)])).await.unwrap();
    let height = net.chain.commit();
    let mut get = async |address: String| {
        Ok::<_, Status>(accounts.get_account(GetAccountRequest { address }).await?.into_inner())
    };
    let answer = get(shown(0)).await.unwrap();
    assert_eq!((answer.height, answer.block_time_ms), (height, START + 1_000));
    let (address, object) = WIRE.read_account(&answer.account.unwrap()).unwrap();
    assert_eq!((address, object.balance, object.replay.high), (account(0), BALANCE - 25, 1));
    let minter = WIRE.address(&dev::role_address(SEED, Role::Minter));
    let answer = get(minter.clone()).await.unwrap();
    assert_eq!(answer.roles.len(), 1);
    assert_eq!((answer.roles[0].role(), answer.minter.is_some()), (v1::Role::Minter, true));
    assert_reason(get(WIRE.address(&Address([1; 32]))).await, ServiceReason::AccountNotFound);
    let other_network = account(0).display(ballast_primitives::Network::Main);
    for bad in ["", "dbal1", &other_network] {
        assert_reason(get(bad.into()).await, ServiceReason::InvalidRequest);
    }

    let mut supplies = SupplyServiceClient::new(net.channel.clone());
    let answer = supplies.get_supply(GetSupplyRequest {}).await.unwrap().into_inner();
    let supply: object::Supply = WIRE.read("supply", &answer.supply.unwrap()).unwrap();
    assert_eq!(supply, *net.chain.inner.lock().state.supply());
    assert_eq!(answer.height, height);

    let mut control = ControlServiceClient::new(net.channel.clone());
    let mut found = Vec::new();
    let mut request = ListRolesRequest { page_size: 3, ..ListRolesRequest::default() };
    loop {
        let answer = control.list_roles(request.clone()).await.unwrap().into_inner();
        found.extend(answer.roles.iter().map(v1::RoleGrant::role));
        if answer.next_page_token.is_empty() {
            break;
        }
        request.page_token = answer.next_page_token;
    }
    assert_eq!(found.len(), Role::ALL.len());
    assert!(found.is_sorted());
    let of_minter = ListRolesRequest { holder: minter, ..ListRolesRequest::default() };
    assert_eq!(control.list_roles(of_minter).await.unwrap().into_inner().roles.len(), 1);
    let no_role = ListRolesRequest { role: 99, ..ListRolesRequest::default() };
    assert_reason(control.list_roles(no_role).await, ServiceReason::InvalidRequest);
}

#[tokio::test]
async fn history_pages_are_complete_newest_first_and_pinned() {
    let net = Net::new().await;
    for nonce in 1..=3 {
        let ops = vec![transfer(1, nonce), transfer(2, 50), transfer(1, 100 + nonce)];
        net.submit(&pay(&net.chain, 0, nonce, ops)).await.unwrap();
        net.submit(&pay(&net.chain, 1, nonce, vec![transfer(0, 1_000 + nonce)])).await.unwrap();
        net.chain.commit();
    }
    let amounts = |n, size| {
        let net = &net;
        async move {
            let (mut found, mut token) = (Vec::new(), String::new());
            loop {
                let page = net.list_transfers(n, size, &token).await.unwrap();
                assert!(page.transfers.len() <= size as usize);
                assert_eq!(page.height, 3);
                found.extend(page.transfers.into_iter().map(|t| t.amount_micros));
                token = page.next_page_token;
                if token.is_empty() {
                    return found;
                }
            }
        }
    };
    let whole = amounts(1, 500).await;
    assert_eq!(whole.len(), 9);
    let mut newest = whole[..3].to_vec();
    newest.sort_unstable();
    assert_eq!(newest, [3, 103, 1_003]);
    for size in [1, 2, 4, 9] {
        assert_eq!(amounts(1, size).await, whole, "pages of {size}");
    }
    assert_eq!(amounts(3, 10).await, [0; 0]);

    let first = net.list_transfers(1, 4, "").await.unwrap();
    net.submit(&pay(&net.chain, 0, 9, vec![transfer(1, 9_999)])).await.unwrap();
    net.chain.commit();
    let rest = net.list_transfers(1, 50, &first.next_page_token).await.unwrap();
    assert_eq!((rest.height, rest.transfers.len()), (3, 5));
    for token in ["zz", "00", &"00".repeat(500), &first.next_page_token[2..]] {
        assert_reason(net.list_transfers(1, 4, token).await, ServiceReason::BadPageToken);
    }
    // A token of another account.
    let stolen = net.list_transfers(2, 4, &first.next_page_token).await;
    assert_reason(stolen, ServiceReason::BadPageToken);
}
