package org.edgeprune.safetensors;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.StrictJson;
import org.edgeprune.io.TextReader;

/** Reader of {@code model.safetensors.index.json}, which says which shard contains which tensor. */
public final class ShardIndex {
    private static final String FIELD = "weight_map";
    private static final StrictJson.Limits LIMITS = StrictJson.Limits.DEFAULT;

    private ShardIndex() {}

    /**
     * Reads an index.
     *
     * @param index the file
     * @return the shard's file name for each tensor, in the order of the index
     * @throws org.edgeprune.io.InputException if the file is not an index, or names a shard in another directory
     */
    public static Map<String, String> read(Path index) {
        Complaint complaint = new Complaint(index);
        Map<String, String> shardOf = null;
        try (StrictJson in = new StrictJson(bytes(index), "index", LIMITS, complaint)) {
            for (String key = in.nextKey(); key != null; key = in.nextKey()) {
                if (key.equals(FIELD)) {
                    shardOf = readWeightMap(in, complaint);
                } else {
                    in.skip();
                }
            }
            in.end();
        }
        if (shardOf == null || shardOf.isEmpty()) {
            throw complaint.damaged("field " + FIELD + (shardOf == null ? " is missing" : " is empty"));
        }
        return shardOf;
    }

    private static byte[] bytes(Path index) {
        return TextReader.upTo(LIMITS.bytes())
                .read(index, "name a model directory or a .safetensors file")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, String> readWeightMap(StrictJson in, Complaint complaint) {
        Map<String, String> shardOf = new LinkedHashMap<>();
        in.enterObject(FIELD);
        for (String name = in.nextKey(); name != null; name = in.nextKey()) {
            String field = FIELD + " " + Complaint.quote(name);
            String shard = in.string(field);
            // a plain name can only mean a file beside the index
            if (shard.isEmpty() || shard.equals(".") || shard.equals("..") || !shard.matches("[^/\\\\:\\x00]+")) {
                throw complaint.damaged(field + ": shard " + Complaint.quote(shard)
                        + " is not a plain name of a file beside the index");
            }
            shardOf.put(name, shard);
        }
        return shardOf;
    }
}
