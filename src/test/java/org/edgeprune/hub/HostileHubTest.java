package org.edgeprune.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.edgeprune.hub.HubSettings.Patience;
import org.edgeprune.io.InputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A Hub that means harm or is broken: each answer ends in one line, soon. */
@Timeout(60)
@Execution(ExecutionMode.CONCURRENT)
class HostileHubTest {
    private static final Patience HASTY = new Patience(3, Duration.ofMillis(5), Duration.ofSeconds(10));
    private static final Patience IMPATIENT = new Patience(1, Duration.ofMillis(5), Duration.ofMillis(2500));

    @TempDir
    private Path cache;

    private LocalHub server;

    @BeforeEach
    void start() throws IOException {
        server = new LocalHub();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String refusal() {
        return refusal(HASTY);
    }

    private String refusal(Patience patience) {
        Hub hub = new Hub(server.settings(cache).withPatience(patience));
        String message = assertThrows(
                        InputException.class, () -> hub.download(LocalHub.REPOSITORY, "main", Hub.Listener.NONE))
                .getMessage();
        assertTrue(message.length() <= 500 && message.chars().noneMatch(Character::isISOControl), message);
        return message;
    }

    private static boolean asksForApi(HttpExchange exchange) {
        return exchange.getRequestURI().getPath().startsWith("/api/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "ftp://127.0.0.1/x",
                "jar:file:///x!/y",
                "http:foo",
                "http://[::1",
                "ht!tp://x",
                "http://127.0.0.1/a b",
                "//",
                "http:///x",
                "http://my_host:8080/x",
                "http://127.0.0.1:99999/x",
                "http://127.0.0.1:-1/x",
                "mailto:a@b",
                "data:,x"
            })
    void redirectsLeadToAddressesOfTheWebOnly(String location) {
        for (boolean api : new boolean[] {true, false}) {
            server.onHub = (exchange, nth) -> {
                if (asksForApi(exchange) != api) {
                    return false;
                }
                exchange.getResponseHeaders().set("Location", location);
                exchange.sendResponseHeaders(302, -1);
                return true;
            };
            String message = refusal();
            assertTrue(message.contains("is not an http or https address"), message);
        }
    }

    /** Sends the beginning of an answer, then a byte now and then. */
    private static void drip(HttpExchange exchange, Duration between) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        out.write('{');
        try {
            while (true) {
                out.flush();
                Thread.sleep(between);
                out.write(' ');
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {60_000, 30})
    void aByteNowAndThenIsSilence(int milliseconds) {
        server.onHub = (exchange, nth) -> {
            if (asksForApi(exchange)) {
                drip(exchange, Duration.ofMillis(milliseconds));
            }
            return asksForApi(exchange);
        };
        assertSilent(refusal(IMPATIENT));
        server.onHub = (exchange, nth) -> false;
        server.onContents = (exchange, nth) -> {
            drip(exchange, Duration.ofMillis(milliseconds));
            return true;
        };
        assertSilent(refusal(IMPATIENT));
    }

    private static void assertSilent(String message) {
        assertTrue(message.contains("bytes per second arrived for"), message);
    }

    @Test
    void aFileThatGrowsByAByteAnAttemptIsGivenUp() {
        server.onContents = (exchange, nth) -> {
            LocalHub.cut(exchange, LocalHub.WEIGHTS, 1);
            return true;
        };
        assertTrue(refusal().contains("repeatedly"));
    }

    @Test
    void anEndlessDescriptionIsNotReadToItsEnd() {
        server.onHub = (exchange, nth) -> {
            exchange.sendResponseHeaders(200, 0);
            byte[] more = "x".repeat(1 << 20).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            exchange.getResponseBody().write('"');
            for (int i = 0; i < 1000; i++) {
                exchange.getResponseBody().write(more);
            }
            return true;
        };
        assertTrue(refusal().contains("larger than 16 MiB"));
    }

    @Test
    void waitsAreCappedAndAnnounced() {
        server.onHub = (exchange, nth) -> {
            exchange.getResponseHeaders().set("Retry-After", "9999");
            exchange.sendResponseHeaders(503, -1);
            return true;
        };
        Hub hub = new Hub(server.settings(cache).withPatience(HASTY));
        IllegalStateException told = assertThrows(
                IllegalStateException.class,
                () -> hub.download(LocalHub.REPOSITORY, "main", new Hub.Listener() {
                    @Override
                    public void waiting(String what, Duration wait, String reason) {
                        throw new IllegalStateException(what + ", " + wait + ", " + reason);
                    }
                }));
        assertEquals("someone/tiny at revision main, PT1M, HTTP 503", told.getMessage());
    }

    @Test
    void theServersWordsAreQuoted() {
        server.onHub = (exchange, nth) -> {
            exchange.getResponseHeaders().set("X-Error-Message", "hello \t" + "y".repeat(10_000));
            exchange.sendResponseHeaders(418, -1);
            return true;
        };
        String message = refusal();
        assertTrue(message.contains("HTTP 418: 'hello") && message.endsWith("...'"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hf_one\nhf_two", "hf_one hf_two", "hf_ön", "hf_one\u0000"})
    void aTokenThatCannotBeOneIsRefusedAndNotPrinted(String token) {
        String message = assertThrows(InputException.class, () -> HubSettings.of(Map.of("HF_TOKEN", token)))
                .getMessage();
        assertTrue(message.startsWith("HF_TOKEN ") && !message.contains("hf_o"), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://me:geheim@host",
                "https://geheim@host/x",
                "me:geheim@host",
                "http://host:99999",
                "http://my_host",
                "http://host?token=geheim",
                "http:///x"
            })
    void anEndpointThatCannotBeOneIsRefusedWithoutItsPassword(String endpoint) {
        String message = assertThrows(InputException.class, () -> HubSettings.of(Map.of("HF_ENDPOINT", endpoint)))
                .getMessage();
        assertTrue(message.startsWith("HF_ENDPOINT "), message);
        assertFalse(message.contains("geheim@"), message);
    }

    @Test
    void settingsDoNotPrintTheToken() {
        assertFalse(server.settings(cache).toString().contains("hf_secret"));
    }
}
