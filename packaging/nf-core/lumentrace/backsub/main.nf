process LUMENTRACE_BACKSUB {
    tag "$meta.id"
    label 'process_single'

    conda "${moduleDir}/environment.yml"
    container "ghcr.io/lumentrace/lumentrace:0.1.0"

    input:
    tuple val(meta), path(images)
    tuple val(meta2), path(markers)

    output:
    tuple val(meta), path("${prefix}.ome.tif"), emit: backsub_tif
    tuple val(meta2), path("${prefix}.csv")   , emit: markerout
    tuple val(meta), path("${prefix}.factors.csv"), emit: factors
    path "versions.yml"                       , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    def inputs = [images].flatten().collect { "--root '${it}'" }.join(' ')
    prefix = task.ext.prefix ?: "${meta.id}_backsub"
    """
    lumentrace stain backsub \\
        $inputs \\
        --markers '$markers' \\
        --output '${prefix}.ome.tif' \\
        --marker-output '${prefix}.csv' \\
        --factors '${prefix}.factors.csv' \\
        $args

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        lumentrace: \$(lumentrace --version | sed 's/.* //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}_backsub"
    """
    touch '${prefix}.ome.tif' '${prefix}.csv' '${prefix}.factors.csv'

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        lumentrace: \$(lumentrace --version | sed 's/.* //')
    END_VERSIONS
    """
}
