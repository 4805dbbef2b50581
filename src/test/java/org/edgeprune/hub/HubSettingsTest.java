package org.edgeprune.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The environment variables of huggingface_hub and of proxies. */
class HubSettingsTest {
    @TempDir
    private Path home;

    @Test
    void placesAreThoseOfHuggingFaceLibraries() {
        assertEquals(
                home.resolve(".cache/huggingface/hub"),
                HubSettings.of(Map.of("HOME", home.toString())).cache());
        assertEquals(
                Path.of("/x/huggingface/hub"),
                HubSettings.of(Map.of("XDG_CACHE_HOME", "/x")).cache());
        assertEquals(
                Path.of("/h/hub"),
                HubSettings.of(Map.of("HF_HOME", "/h", "XDG_CACHE_HOME", "/x")).cache());
        assertEquals(
                home.resolve("h/hub"),
                HubSettings.of(Map.of("HF_HOME", "~/h", "HOME", home.toString()))
                        .cache());
        assertEquals(
                Path.of("/c"),
                HubSettings.of(Map.of("HF_HUB_CACHE", "/c", "HF_HOME", "/h")).cache());
        assertEquals(
                URI.create("https://huggingface.co"), HubSettings.of(Map.of()).endpoint());
        assertEquals(
                URI.create("https://mirror.test/hf"),
                HubSettings.of(Map.of("HF_ENDPOINT", "https://mirror.test/hf/")).endpoint());
    }

    @Test
    void theTokenIsTheVariableElseTheLoginsFile() throws IOException {
        assertEquals(
                Optional.empty(),
                HubSettings.of(Map.of("HF_HOME", home.toString())).token());
        Files.writeString(home.resolve("token"), "hf_file\n");
        assertEquals(
                Optional.of("hf_file"),
                HubSettings.of(Map.of("HF_HOME", home.toString())).token());
        assertEquals(
                Optional.of("hf_own"),
                HubSettings.of(Map.of("HF_HOME", home.toString(), "HF_TOKEN", "hf_own"))
                        .token());
    }

    @Test
    void offlineIsSwitchedOnByAnyYes() {
        for (String yes : List.of("1", "true", "YES", "on")) {
            assertTrue(HubSettings.of(Map.of("HF_HUB_OFFLINE", yes)).offline(), yes);
        }
        assertFalse(HubSettings.of(Map.of("HF_HUB_OFFLINE", "0")).offline());
    }

    @Test
    void addressesAreChecked() {
        assertThrows(InputException.class, () -> HubSettings.of(Map.of("HF_ENDPOINT", "huggingface.co")));
        assertThrows(InputException.class, () -> HubSettings.of(Map.of("HF_ENDPOINT", "ftp://huggingface.co")));
        InputException socks = assertThrows(
                InputException.class, () -> HubSettings.of(Map.of("https_proxy", "socks5://me:secret@p:1")));
        assertFalse(socks.getMessage().contains("secret"));
    }

    private static String proxy(Map<String, String> environment, String uri) {
        InetSocketAddress address = (InetSocketAddress) EnvironmentProxies.of(environment)
                .select(URI.create(uri))
                .get(0)
                .address();
        return address == null ? "direct" : address.getHostString() + ":" + address.getPort();
    }

    @Test
    void proxiesAreChosenAsCurlDoes() {
        Map<String, String> both = Map.of(
                "http_proxy",
                "http://plain:1",
                "HTTPS_PROXY",
                "secure:2",
                "no_proxy",
                "inside.test, .lab.test,here:8080");
        assertEquals("plain:1", proxy(both, "http://huggingface.co/x"));
        assertEquals("secure:2", proxy(both, "https://huggingface.co/x"));
        assertEquals("direct", proxy(both, "https://inside.test/"));
        assertEquals("direct", proxy(both, "https://hub.inside.test/"));
        assertEquals("direct", proxy(both, "https://a.lab.test/"));
        assertEquals("secure:2", proxy(both, "https://notinside.test/"));
        assertEquals("direct", proxy(both, "http://here:8080/"));
        assertEquals("plain:1", proxy(both, "http://here/"));
        assertEquals("all:80", proxy(Map.of("all_proxy", "http://all"), "https://huggingface.co/"));
        assertEquals("direct", proxy(Map.of("all_proxy", "http://all", "NO_PROXY", "*"), "https://huggingface.co/"));
        assertEquals("direct", proxy(Map.of(), "https://huggingface.co/"));
    }

    /** A host that exists nowhere is reached through a proxy that wants a password. */
    @Test
    void downloadsThroughAProxyWithAPassword() throws IOException {
        List<String> asked = new CopyOnWriteArrayList<>();
        HttpServer proxy = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        proxy.createContext("/", exchange -> {
            try (exchange) {
                String user = exchange.getRequestHeaders().getFirst("Proxy-Authorization");
                if (user == null) {
                    exchange.sendResponseHeaders(407, -1);
                    return;
                }
                asked.add(user + " " + exchange.getRequestURI());
                LocalHub.fail(exchange, 404, "RepoNotFound");
            }
        });
        proxy.start();
        try {
            HubSettings settings = HubSettings.of(Map.of(
                    "HF_ENDPOINT",
                    "http://hub.invalid",
                    "HF_HUB_CACHE",
                    home.toString(),
                    "http_proxy",
                    "http://me:p%40ss@127.0.0.1:" + proxy.getAddress().getPort()));
            InputException refused = assertThrows(
                    InputException.class, () -> new Hub(settings).download("a/b", "main", Hub.Listener.NONE));
            assertEquals(
                    "a/b: not found on http://hub.invalid: give a name such as openai-community/gpt2",
                    refused.getMessage());
            String me = java.util.Base64.getEncoder()
                    .encodeToString("me:p@ss".getBytes(java.nio.charset.StandardCharsets.UTF_8));
            assertEquals(List.of("Basic " + me + " http://hub.invalid/api/models/a/b/revision/main"), asked);
            HubSettings nobody = HubSettings.of(Map.of(
                    "HF_ENDPOINT",
                    "http://hub.invalid",
                    "HF_HUB_CACHE",
                    home.toString(),
                    "http_proxy",
                    "http://127.0.0.1:" + proxy.getAddress().getPort()));
            assertTrue(
                    assertThrows(InputException.class, () -> new Hub(nobody).download("a/b", "main", Hub.Listener.NONE))
                            .getMessage()
                            .startsWith("the proxy requires a user and password"));
        } finally {
            proxy.stop(0);
        }
    }
}
