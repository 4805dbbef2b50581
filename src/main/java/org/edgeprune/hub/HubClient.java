package org.edgeprune.hub;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;
import org.edgeprune.io.Json;

/**
 * The Hub's protocol: which commit a revision is and what files it has ({@code /api/models/REPO/revision/REVISION}),
 * what a file is ({@code HEAD} of {@code /REPO/resolve/COMMIT/FILE}: {@code X-Linked-Etag} or {@code ETag} is its
 * checksum), and its bytes ({@code GET} of the same, with {@code Range}). Redirects are followed here, not by the HTTP
 * client, because the token must not go to another host.
 */
final class HubClient implements AutoCloseable {
    private static final int REDIRECTS = 10;

    private final HubSettings settings;
    private final String repository;
    private final Hub.Listener listener;
    private final HttpClient http;

    HubClient(HubSettings settings, String repository, Hub.Listener listener) {
        this.settings = settings;
        this.repository = repository;
        this.listener = listener;
        this.http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(settings.patience().stall())
                .followRedirects(HttpClient.Redirect.NEVER)
                .proxy(settings.proxy())
                .build();
    }

    /** The repository's name. */
    String repository() {
        return repository;
    }

    /** A revision's commit and all of its files. */
    record Revision(String commit, List<String> files) {}

    Revision revision(String revision) {
        String what = repository + " at revision " + revision;
        URI uri = address("/api/models/" + repository + "/revision/" + encoded(revision));
        return attempts(what).run(progress -> {
            HttpResponse<InputStream> response = send("GET", uri, 0, false);
            try (Body body = new Body(response, settings.patience())) {
                check(response, revision, null);
                JsonNode json = Json.parse(uri.toString(), body.text(uri.toString()), "is HF_ENDPOINT right?");
                String commit = json.path("sha").asText();
                if (!commit.matches("[0-9a-f]{40}")) {
                    throw new InputException(
                            uri + ": the answer is not the description of a model repository: is HF_ENDPOINT right?");
                }
                return new Revision(
                        commit,
                        StreamSupport.stream(json.path("siblings").spliterator(), false)
                                .map(s -> s.path("rfilename").asText())
                                .toList());
            }
        });
    }

    /** Repeats a request as the settings say. */
    Attempts attempts(String what) {
        return new Attempts(settings.patience(), what, listener);
    }

    /** The commit, checksum and size of a file, according to the Hub. */
    HubFile describe(String name, String commit) {
        return attempts(repository + "/" + name).run(progress -> {
            HttpResponse<InputStream> response = send("HEAD", resolve(name, commit), 0, true);
            response.body().close();
            if (response.statusCode() / 100 != 3) {
                check(response, commit, name);
            }
            String checksum = header(response, "X-Linked-Etag")
                    .or(() -> header(response, "ETag"))
                    .orElse("")
                    .replaceFirst("^W/", "")
                    .replace("\"", "");
            String size = header(response, "X-Linked-Size")
                    .or(() -> header(response, "Content-Length"))
                    .orElse("");
            if (!checksum.matches("[0-9a-f]{40}|[0-9a-f]{64}") || !size.matches("\\d{1,18}")) {
                throw new InputException(
                        Addresses.shown(response.uri())
                                + ": the server states no checksum or no size, so the file could not be checked: is HF_ENDPOINT right?");
            }
            return new HubFile(name, commit, checksum, Long.parseLong(size));
        });
    }

    /**
     * Opens a file's contents. The caller closes the body.
     *
     * @param from first byte; the answer is 206, or 200 with the whole file, or 416 where the file has no such byte
     */
    HttpResponse<InputStream> open(HubFile file, long from) throws IOException {
        HttpResponse<InputStream> response = send("GET", resolve(file.name(), file.commit()), from, false);
        if (response.statusCode() != 416) {
            check(response, file.commit(), file.name());
        }
        return response;
    }

    private URI resolve(String name, String commit) {
        return address("/" + repository + "/resolve/" + commit + "/" + encoded(name));
    }

    private URI address(String path) {
        return URI.create(settings.endpoint() + path);
    }

    private static String encoded(String part) {
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /**
     * One request and the redirects that it leads to. With {@code stayHere} a redirect to another host is the answer.
     */
    private HttpResponse<InputStream> send(String method, URI address, long from, boolean stayHere) throws IOException {
        URI uri = address;
        for (int i = 0; i < REDIRECTS; i++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                    .method(method, HttpRequest.BodyPublishers.noBody())
                    // until the headers arrive; Body limits the time of the rest
                    .timeout(settings.patience().stall())
                    .header("User-Agent", "edgeprune")
                    .header("Accept-Encoding", "identity");
            if (from > 0) {
                request.header("Range", "bytes=" + from + "-");
            }
            if (Addresses.sameHost(uri, settings.endpoint())) {
                settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token));
            }
            settings.proxy().authorization(uri).ifPresent(user -> request.header("Proxy-Authorization", user));
            HttpResponse<InputStream> response = exchange(request.build());
            Optional<URI> next = redirect(response);
            if (next.isEmpty() || (stayHere && !Addresses.sameHost(next.get(), uri))) {
                return response;
            }
            response.body().close();
            uri = next.get();
        }
        throw new InputException(address + ": redirected more than " + REDIRECTS + " times: is HF_ENDPOINT right?");
    }

    private HttpResponse<InputStream> exchange(HttpRequest request) throws IOException {
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofInputStream());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InputException(Addresses.shown(request.uri()) + ": interrupted", e);
        }
    }

    private static Optional<URI> redirect(HttpResponse<?> response) {
        boolean redirected = List.of(301, 302, 303, 307, 308).contains(response.statusCode());
        Optional<String> location = redirected ? header(response, "Location") : Optional.empty();
        return location.map(text -> Addresses.redirected(response.uri(), text)
                .orElseThrow(() -> new InputException(Addresses.shown(response.uri()) + ": redirects to "
                        + Complaint.quote(text)
                        + ", which is not an http or https address with a host: is HF_ENDPOINT right?")));
    }

    private static Optional<String> header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name);
    }

    /**
     * Turns an error that the user can do something about into an {@link InputException}, and one that may pass by
     * itself into an exception after which the request is repeated.
     */
    private void check(HttpResponse<?> response, String revision, String file) throws IOException {
        int status = response.statusCode();
        if (status / 100 == 2) {
            return;
        }
        String error = header(response, "X-Error-Code").orElse("");
        String page = settings.endpoint() + "/" + repository;
        String token = settings.token().isEmpty()
                ? "set HF_TOKEN to a token that may read it"
                : "the token in use may not read it";
        switch (status) {
            case 401, 403 ->
                throw new InputException(
                        error.equals("GatedRepo")
                                ? repository
                                        + ": access requires that its terms are accepted: accept them at "
                                        + page + " and set HF_TOKEN"
                                : repository + ": does not exist, or is private (HTTP " + status
                                        + "): check the name, or " + token);
            case 404 ->
                throw new InputException(
                        switch (error) {
                            case "RevisionNotFound" ->
                                repository + ": has no revision '" + revision + "': see " + page + "/branches";
                            case "EntryNotFound" ->
                                repository + ": has no file " + file + " at " + revision + ": see " + page + "/tree/"
                                        + revision;
                            default ->
                                repository + ": not found on " + settings.endpoint()
                                        + (file == null ? "" : " (" + file + ")")
                                        + ": give a name such as openai-community/gpt2";
                        });
            case 408, 429, 500, 502, 503, 504 ->
                throw new Attempts.BusyException(
                        "HTTP " + status,
                        header(response, "Retry-After")
                                .filter(s -> s.matches("\\d{1,9}"))
                                .map(s -> Duration.ofSeconds(Long.parseLong(s))));
            case 407 ->
                throw new InputException(
                        "the proxy requires a user and password: put them into http_proxy and https_proxy (http://user:password@host:port)");
            default ->
                throw new InputException(Addresses.shown(response.uri()) + ": unexpected answer, HTTP " + status + ": "
                        + header(response, "X-Error-Message")
                                .map(Complaint::quote)
                                .orElse("no explanation"));
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
