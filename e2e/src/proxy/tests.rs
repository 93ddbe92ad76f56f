use super::*;

/// A server that says what it was asked for.
async fn upstream() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let echo = service_fn(async |request: forward::Incoming| {
        let host = request.headers()["host"].to_str().unwrap_or_default().to_owned();
        let body = format!("{} {} of {host}", request.method(), request.uri());
        Answer::status(200).body("text/plain", body).into_response()
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), echo);
            tokio::spawn(connection);
        }
    });
    Ok(address)
}

async fn proxy() -> Result<(Proxy, String)> {
    let proxy = Proxy::start().await?;
    proxy.forward_to(Some(upstream().await?));
    let url = format!("http://{}", proxy.address());
    Ok((proxy, url))
}

#[tokio::test]
async fn a_request_passes_through_as_it_is() -> Result {
    let (proxy, url) = proxy().await?;
    let client = crate::api::client()?;
    let answer = client.get(format!("{url}/a?b=c")).bearer_auth("t").send().await?.text().await?;
    assert_eq!(answer, format!("GET /a?b=c of {}", proxy.address()));
    let [request] = &proxy.requests("GET /a")[..] else { panic!("one request") };
    assert_eq!((request.status, request.authorization()), (Some(200), Some("Bearer t")));
    Ok(())
}

#[tokio::test]
async fn offline_is_no_answer_and_online_is_one_again() -> Result {
    let (proxy, url) = proxy().await?;
    proxy.set_offline(true);
    crate::api::client()?.get(&url).send().await.expect_err("offline");
    proxy.set_offline(false);
    assert_eq!(crate::api::client()?.get(&url).send().await?.status(), 200);
    proxy.forward_to(None);
    crate::api::client()?.get(&url).send().await.expect_err("no server");
    Ok(())
}

#[tokio::test]
async fn a_held_request_waits_until_it_is_released() -> Result {
    let (proxy, url) = proxy().await?;
    let held = proxy.hold("/slow");
    let request = tokio::spawn(crate::api::client()?.get(format!("{url}/slow")).send());
    held.arrived().await?;
    assert_eq!(proxy.requests("/slow")[0].status, None);
    assert_eq!(crate::api::client()?.get(&url).send().await?.status(), 200);
    held.release();
    assert_eq!(request.await??.status(), 200);
    Ok(())
}
