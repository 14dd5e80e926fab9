//! The server itself: limits, health, browsers, TLS.

use crate::prelude::*;

#[tokio::test]
async fn plaintext_off_loopback_is_refused() {
    let config = RpcConfig::new("0.0.0.0:0".parse().unwrap());
    let backend: Arc<dyn Backend> = Chain::new();
    let refused = serve(
        config,
        backend,
        watch::channel(true).1,
        RpcMetrics::default(),
        CancellationToken::new(),
    )
    .await;
    assert!(matches!(refused, Err(RpcError::Insecure(_))));
}

#[tokio::test]
async fn health_follows_the_watch() {
    use tonic_health::pb::health_client::HealthClient;
    use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
    let net = Net::new().await;
    let mut health = HealthClient::new(net.channel.clone());
    let mut states = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    while states.message().await.unwrap().unwrap().status() != ServingStatus::Serving {}
    net.serving.send_replace(false);
    while states.message().await.unwrap().unwrap().status() != ServingStatus::NotServing {}
}

/// The services that a version of the reflection protocol lists.
macro_rules! reflected {
    ($version:ident, $net:expr) => {{
        use reflection::server_reflection_request::MessageRequest;
        use reflection::server_reflection_response::MessageResponse;
        use tonic_reflection::pb::$version as reflection;

        let channel = $net.channel.clone();
        let mut client = reflection::server_reflection_client::ServerReflectionClient::new(channel);
        let request = reflection::ServerReflectionRequest {
            host: String::new(),
            message_request: Some(MessageRequest::ListServices(String::new())),
        };
        let stream = tokio_stream::once(request);
        let mut answers = client.server_reflection_info(stream).await.unwrap().into_inner();
        let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
        let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
        list.service.into_iter().map(|service| service.name).collect::<Vec<_>>()
    }};
}

#[tokio::test]
async fn both_versions_of_reflection_list_the_services() {
    let net = Net::new().await;
    for names in [reflected!(v1, net), reflected!(v1alpha, net)] {
        for name in ["Tx", "Account", "Ledger", "Supply", "Control", "Event", "Proof"] {
            let name = format!("ballast.v1.{name}Service");
            assert!(names.contains(&name), "{name} is not in {names:?}");
        }
    }
}

#[tokio::test]
async fn a_silent_connection_and_a_half_head_are_closed_in_time() {
    let mut config = config();
    config.preface_timeout = Duration::from_millis(200);
    let net = Net::with(config).await;
    let silent = net.open().await;
    let mut half = net.open().await;
    half.write_all(b"PRI * HTTP/2").await.unwrap();
    let mut slow = net.open().await;
    slow.write_all(b"POST / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
    assert!(closed(silent).await && closed(half).await && closed(slow).await);
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_closed() {
    let mut config = config();
    config.idle_timeout = Duration::from_millis(200);
    config.keepalive_interval = Duration::from_secs(3_600);
    let net = Net::with(config).await;
    let mut stream = net.open().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    assert!(closed(stream).await);
}

/// A connection that speaks HTTP/2 and makes no call.
async fn callless(net: &Net, from: &str) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    let mut stream = socket.connect(net.server.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    stream
}

#[tokio::test]
async fn an_address_that_has_its_share_gives_up_its_own_idle_connection() {
    let mut config = config();
    config.connections_per_address_max = 3;
    let net = Net::with(config).await;
    assert!(net.submit(&pay(&net.chain, 0, 1, vec![transfer(1, 1)])).await.is_ok());
    // The test's own channel is the first of the three, and it has called.
    let (one, two) = (callless(&net, "127.0.0.1").await, callless(&net, "127.0.0.1").await);
    until(|| net.metrics.connections.get() == 3).await;
    let _three = callless(&net, "127.0.0.1").await;
    assert!(closed(one).await);
    assert_eq!(net.metrics.displaced.get(), 1);
    assert!(net.submit(&pay(&net.chain, 0, 2, vec![transfer(1, 1)])).await.is_ok());
    drop(two);
}

#[tokio::test]
async fn connections_that_make_no_call_keep_nobody_out() {
    let mut config = config();
    (config.connections_max, config.connections_per_address_max) = (8, 4);
    let net = Net::with(config).await;
    let mut idle = Vec::new();
    for n in 0..20 {
        idle.push(callless(&net, &format!("127.0.0.{}", 2 + n % 5)).await);
    }
    until(|| net.metrics.displaced.get() >= 13).await;
    let channel = Channel::from_shared(format!("http://{}", net.server.address)).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut newcomer = SupplyServiceClient::new(channel);
    assert!(newcomer.get_supply(GetSupplyRequest {}).await.is_ok());
    assert_eq!(net.metrics.connections.get(), 8);
}

#[tokio::test]
async fn a_stream_of_events_keeps_its_place_among_newcomers() {
    let mut config = config();
    config.connections_max = 2;
    let net = Net::with(config).await;
    let mut events = net.subscribe("0").await;
    for n in 2..12 {
        let idle = callless(&net, &format!("127.0.0.{n}")).await;
        until(|| net.metrics.connections.get() == 2).await;
        drop(idle);
    }
    for _ in 0..3 {
        assert!(events.message().await.unwrap().is_some());
    }
}

/// A call as a browser makes it, over HTTP/1.1; the answer's text.
async fn grpc_web(net: &Net, method: &str, length: usize, body: &[u8]) -> String {
    grpc_web_call(net, method, "/ballast.v1.TxService/GetTx", length, body).await
}

async fn grpc_web_at(net: &Net, path: &str, body: &[u8]) -> String {
    grpc_web_call(net, "POST", path, body.len(), body).await
}

async fn grpc_web_call(net: &Net, method: &str, path: &str, length: usize, body: &[u8]) -> String {
    let mut stream = net.open().await;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\norigin: https://a.example\r\n\
         access-control-request-method: POST\r\naccess-control-request-headers: x-grpc-web\r\n\
         content-type: application/grpc-web+proto\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).to_lowercase()
}

#[tokio::test]
async fn browsers_may_call_and_read_the_details_of_errors() {
    let net = Net::new().await;
    let preflight = grpc_web(&net, "OPTIONS", 0, b"").await;
    assert!(preflight.contains("access-control-allow-origin: *"), "{preflight}");
    assert!(preflight.contains("access-control-allow-headers: x-grpc-web"), "{preflight}");
    let answer = grpc_web(&net, "POST", 5, &[0; 5]).await;
    assert!(
        answer.contains(
            "access-control-expose-headers: grpc-status,grpc-message,grpc-status-details-bin"
        ),
        "{answer}"
    );
    assert!(answer.contains("grpc-status: 3") || answer.contains("grpc-status:3"), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_sent_half_ends_in_time() {
    let mut config = config();
    config.call_timeout = Duration::from_millis(200);
    let net = Net::with(config).await;
    let answer = grpc_web(&net, "POST", 100, &[0, 0, 0, 0, 95]).await;
    assert!(answer.contains("grpc-status: 4") || answer.contains("grpc-status:4"), "{answer}");
}

#[tokio::test]
async fn the_server_stops_when_told_with_calls_open() {
    let mut config = config();
    config.drain = Duration::from_secs(2);
    let mut net = Net::with(config).await;
    let tx = pay(&net.chain, 0, 1, vec![transfer(1, 1)]);
    net.submit(&tx).await.unwrap();
    let waiting = net.wait(&tx, 0);
    let stopping = async {
        until(|| net.chain.head.receiver_count() > 0).await;
        net.stop.cancel();
    };
    let (answer, ()) = tokio::join!(waiting, stopping);
    assert_eq!(answer.state(), TxState::Pending);
    let task = &mut net.server.task;
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_browsers_event_stream_outlives_the_idle_limit() {
    let mut config = config();
    config.idle_timeout = Duration::from_millis(300);
    let net = Net::with(config).await;
    let mut stream = net.open().await;
    let head = "POST /ballast.v1.EventService/SubscribeEvents HTTP/1.1\r\nhost: x\r\n\
                content-type: application/grpc-web+proto\r\ncontent-length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[0; 5]).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut bytes = [0; 4096];
    while began.elapsed() < Duration::from_millis(1_000) {
        assert!(stream.read(&mut bytes).await.unwrap() > 0, "closed");
    }
}

#[tokio::test]
async fn an_address_that_calls_too_often_is_told_when_to_come_back() {
    let mut config = config();
    config.calls_per_second_max = 2;
    let net = Net::with(config).await;
    let mut client = SupplyServiceClient::new(net.channel.clone());
    let refused = loop {
        if let Err(status) = client.get_supply(GetSupplyRequest {}).await {
            break WireError::from_status(&status).unwrap();
        }
    };
    assert_eq!(refused.reason, ServiceReason::RateLimited.into());
    let wait = refused.retry_after.unwrap();
    assert!(wait <= Duration::from_millis(500), "{wait:?}");
    tokio::time::sleep(wait).await;
    assert!(client.get_supply(GetSupplyRequest {}).await.is_ok());
}

#[tokio::test]
async fn what_the_library_refuses_has_a_reason_too() {
    let net = Net::new().await;
    let unknown = grpc_web_at(&net, "/ballast.v1.TxService/Nothing", &[0; 5]).await;
    assert!(unknown.contains("grpc-status: 12") || unknown.contains("grpc-status:12"), "{unknown}");
    let garbage = grpc_web_at(&net, "/ballast.v1.TxService/GetTx", &[0, 0, 0, 0, 1, 7]).await;
    assert!(garbage.contains("grpc-status: 3") || garbage.contains("grpc-status:3"), "{garbage}");
    for answer in [unknown, garbage] {
        assert!(answer.contains("grpc-status-details-bin"), "{answer}");
    }
}
